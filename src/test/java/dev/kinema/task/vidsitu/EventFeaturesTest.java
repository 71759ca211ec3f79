package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Npy;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFeaturesTest {
    private static final Clip SINGLE = Clip.parse("v_a_seg_0_10");
    private static final Clip DOUBLE = Clip.parse("v_b_seg_0_10");
    private static final Clip OTHER = Clip.parse("v_c_seg_0_10");
    private static final double[] VALUES = IntStream.range(0, 15).mapToDouble(i -> i / 3.0 - 2).toArray();

    @TempDir
    private Path folder;

    private static float[] floats() {
        float[] floats = new float[VALUES.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) VALUES[i];
        }
        return floats;
    }

    private Path file(Clip clip) {
        return folder.resolve(clip.id() + "_feats.npy");
    }

    @BeforeEach
    void write() {
        Npy.write(file(SINGLE), HostArray.of(Shape.of(5, 3), floats()));
        Npy.write(file(DOUBLE), HostArray.of(Shape.of(5, 3), VALUES));
    }

    @Test
    void bothPrecisionsAreRead() {
        EventFeatures features = EventFeatures.open(folder);
        assertEquals(3, features.width());
        for (Clip clip : List.of(SINGLE, DOUBLE)) {
            HostArray read = features.read(clip);
            assertEquals(Shape.of(5, 3), read.shape());
            assertEquals(DType.F32, read.dtype());
            assertArrayEquals(floats(), read.toFloats());
        }
        assertTrue(features.has(SINGLE));
        assertFalse(features.has(OTHER));
        assertEquals(List.of(OTHER.id()), features.missing(List.of(SINGLE, OTHER, DOUBLE)));
    }

    private void refused(HostArray array, String part) {
        EventFeatures features = EventFeatures.open(folder);
        Npy.write(file(OTHER), array);
        String message = assertThrows(KinemaException.class, () -> features.read(OTHER)).getMessage();
        assertTrue(message.startsWith(file(OTHER).toString()) && message.contains(part), message);
    }

    @Test
    void otherArraysAreNamed() {
        refused(HostArray.of(Shape.of(3, 5), floats()), "[3, 5]");
        refused(HostArray.of(Shape.of(15), floats()), "not of F32 or F64 [5, D]");
        refused(HostArray.of(Shape.of(5, 0), new float[0]), "[5, 0]");
        refused(HostArray.of(Shape.of(5, 1, 3), floats()), "[5, 1, 3]");
        refused(HostArray.allocate(DType.I32, Shape.of(5, 3)), "I32");
        refused(HostArray.of(Shape.of(5, 2), Arrays.copyOf(floats(), 10)), "features of 2 numbers");
        float[] infinite = floats();
        infinite[7] = Float.NaN;
        refused(HostArray.of(Shape.of(5, 3), infinite), "value 1 of event 2 is NaN");
        double[] large = VALUES.clone();
        large[14] = 1e300;
        refused(HostArray.of(Shape.of(5, 3), large), "value 2 of event 4");
    }

    @Test
    void badFilesAndFoldersAreNamed() throws IOException {
        EventFeatures features = EventFeatures.open(folder);
        assertTrue(assertThrows(KinemaException.class, () -> features.read(OTHER)).getMessage().contains(file(OTHER).toString()));
        byte[] bytes = Files.readAllBytes(file(SINGLE));
        Files.write(file(OTHER), Arrays.copyOf(bytes, bytes.length - 4));
        assertTrue(assertThrows(KinemaException.class, () -> features.read(OTHER)).getMessage().contains(file(OTHER).toString()));
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertTrue(assertThrows(KinemaException.class, () -> EventFeatures.open(empty)).getMessage().contains("has no features"));
        assertThrows(KinemaException.class, () -> EventFeatures.open(folder.resolve("none")));
    }

    @Test
    void theLayoutKnowsWhereTheyAre() {
        DatasetLayout layout = new TinyFiles(folder.resolve("data")).open().layout();
        assertEquals(layout.root().resolve("vsitu_vid_feats").resolve("i3d"), layout.features("i3d"));
    }
}
