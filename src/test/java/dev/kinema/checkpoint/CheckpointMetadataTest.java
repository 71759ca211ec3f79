package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointMetadataTest {
    private static final CheckpointMetadata METADATA =
            new CheckpointMetadata("{\"depth\": 50}", 16, 4, 2.0, -42, 1L << 40, "0.1.0");

    @Test
    void comesBackFromText() {
        Map<String, String> map = new LinkedHashMap<>(METADATA.toMap());
        map.put("format", "pt");
        assertEquals(METADATA, CheckpointMetadata.of(Path.of("a"), map));
        assertTrue(CheckpointMetadata.isPresent(map));
        assertFalse(CheckpointMetadata.isPresent(Map.of("format", "pt")));
    }

    @ParameterizedTest
    @CsvSource({"clip_frames, 0", "clip_frames, x", "clip_frames, 5000000000", "frame_interval, -1", "hop_seconds, NaN", "hop_seconds, 0",
        "hop_seconds, soon", "seed, 1.5", "step, -1", "model, SlowD", "version, ' '", "newer, 1"})
    void wrongEntriesAreNamed(String key, String value) {
        Map<String, String> map = new LinkedHashMap<>(METADATA.toMap());
        map.put("kinema." + key, value);
        String message = assertThrows(KinemaException.class, () -> CheckpointMetadata.of("w.safetensors", map)).getMessage();
        assertTrue(message.startsWith("w.safetensors: ") && message.contains("kinema." + key), message);
    }

    @Test
    void missingEntriesAreNamed() {
        for (String key : METADATA.toMap().keySet()) {
            Map<String, String> map = new LinkedHashMap<>(METADATA.toMap());
            map.remove(key);
            String message = assertThrows(KinemaException.class, () -> CheckpointMetadata.of("w.safetensors", map)).getMessage();
            assertTrue(message.startsWith("w.safetensors: lacks the metadata " + key), message);
        }
    }
}
