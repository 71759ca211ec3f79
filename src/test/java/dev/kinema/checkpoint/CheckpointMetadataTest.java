package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
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

    @Test
    void seedStepAndEpochMayBeAbsent() {
        CheckpointMetadata none = new CheckpointMetadata("{}", 8, 8, 2, OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), "1");
        assertEquals(Set.of("kinema.version", "kinema.model", "kinema.clip_frames", "kinema.frame_interval", "kinema.hop_seconds"),
                none.toMap().keySet());
        assertEquals(none, CheckpointMetadata.of("a", none.toMap()));
        CheckpointMetadata epoch = new CheckpointMetadata("{}", 8, 8, 2, OptionalLong.of(0), OptionalLong.empty(), OptionalLong.of(12), "1");
        assertEquals("12", epoch.toMap().get("kinema.epoch"));
        assertEquals(epoch, CheckpointMetadata.of("a", epoch.toMap()));
    }

    /** The entries as the first version wrote them. */
    @Test
    void filesWithoutAnEpochAreRead() {
        Map<String, String> old = Map.of("kinema.version", "0.1.0", "kinema.model", "{\"depth\": 50}", "kinema.clip_frames", "16",
                "kinema.frame_interval", "4", "kinema.hop_seconds", "2.0", "kinema.seed", "-42", "kinema.step", "1099511627776");
        assertEquals(METADATA, CheckpointMetadata.of("a", old));
        assertEquals(old, METADATA.toMap());
    }

    @ParameterizedTest
    @CsvSource({"clip_frames, 0", "clip_frames, x", "clip_frames, 5000000000", "frame_interval, -1", "hop_seconds, NaN", "hop_seconds, 0",
        "hop_seconds, soon", "seed, 1.5", "step, -1", "step, x", "epoch, -1", "epoch, 1.5", "model, SlowD", "version, ' '", "newer, 1"})
    void wrongEntriesAreNamed(String key, String value) {
        Map<String, String> map = new LinkedHashMap<>(METADATA.toMap());
        map.put("kinema." + key, value);
        String message = assertThrows(KinemaException.class, () -> CheckpointMetadata.of("w.safetensors", map)).getMessage();
        assertTrue(message.startsWith("w.safetensors: ") && message.contains("kinema." + key), message);
    }

    @Test
    void missingEntriesAreNamed() {
        for (String name : new String[] {"version", "model", "clip_frames", "frame_interval", "hop_seconds"}) {
            String key = "kinema." + name;
            Map<String, String> map = new LinkedHashMap<>(METADATA.toMap());
            map.remove(key);
            String message = assertThrows(KinemaException.class, () -> CheckpointMetadata.of("w.safetensors", map)).getMessage();
            assertTrue(message.startsWith("w.safetensors: lacks the metadata " + key), message);
        }
    }
}
