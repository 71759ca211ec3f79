package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files cut at every byte, and files with bits flipped or bytes replaced at random (fixed seed): they may be read or refused with
 * a {@link KinemaException}; any other exception, an exhausted memory or a stall fails the test.
 */
@Timeout(120)
class DamagedFilesTest {
    private static final int FLIPS = 1500;
    /** A file of a few hundred kilobytes takes milliseconds; far more than that is a length believed. */
    private static final long SLOWEST_NANOS = 10_000_000_000L;

    @TempDir
    Path folder;

    @Test
    void safetensors() throws Exception {
        Path file = folder.resolve("x.safetensors");
        Safetensors.write(file, Map.of("a", CheckpointFiles.counting(0, 2, 3), "b", CheckpointFiles.counting(9, 1)), Map.of("k", "v"));
        assertRefused(Files.readAllBytes(file), CheckpointImport::read);
        assertSurvivesFlips(Files.readAllBytes(file), CheckpointImport::read);
    }

    @Test
    void npy() throws Exception {
        Path file = folder.resolve("x.npy");
        Npy.write(file, CheckpointFiles.counting(0, 2, 3));
        assertRefused(Files.readAllBytes(file), Npy::read);
        assertSurvivesFlips(Files.readAllBytes(file), Npy::read);
    }

    @Test
    void torchZip() {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("s1.pathway0_stem.conv.weight", new int[] {2, 3});
        shapes.put("s1.pathway0_stem.bn.weight", new int[] {2});
        byte[] bytes = CheckpointFiles.torchOf(shapes, s -> Map.of("model_state", s, "epoch", 1));
        assertRefused(bytes, CheckpointImport::read);
        assertSurvivesFlips(bytes, CheckpointImport::read);
    }

    /** The pickle of a zip is guarded by its checksum; this reaches what lies behind it. */
    @Test
    void torchPickle() {
        byte[] pickle = PickleWriter.pickle(Map.of("model_state", Map.of("w", CheckpointFiles.tensor("0", 2, 3))));
        Map<String, byte[]> storages = Map.of("0", CheckpointFiles.littleEndian(0, 1, 2, 3, 4, 5));
        Random random = new Random(2);
        for (int i = 0; i < FLIPS; i++) {
            byte[] damaged = CheckpointFiles.torchZip(flipped(pickle, random), storages);
            assertKinemaExceptionAtMost(damaged, CheckpointImport::read, "flip " + i);
        }
    }

    @Test
    void torchLegacy() throws Exception {
        byte[] bytes = Files.readAllBytes(CheckpointFiles.golden("train_slow_w3_2steps_legacy_format.pyth"));
        int pickles = 65_005;
        Random random = new Random(3);
        for (int i = 0; i < 150; i++) {
            byte[] damaged = bytes.clone();
            damaged[random.nextInt(pickles)] ^= (byte) (1 << random.nextInt(8));
            assertKinemaExceptionAtMost(damaged, CheckpointImport::read, "flip " + i);
        }
        for (int i = 0; i < 150; i++) {
            int length = i < 50 ? i : random.nextInt(bytes.length);
            assertTrue(isRefused(Arrays.copyOf(bytes, length), CheckpointImport::read), "cut at " + length);
        }
    }

    @Test
    void caffe2() {
        byte[] bytes = PickleWriter.pickle(Map.of("blobs", Map.of("conv1_w", CaffeFiles.python2Array(new int[] {2, 2}, 1, 2, 3, 4),
                "pred_b", CaffeFiles.python3Array(new int[] {1}, 5))));
        assertRefused(bytes, CheckpointImport::read);
        assertSurvivesFlips(bytes, CheckpointImport::read);
    }

    private void assertRefused(byte[] whole, Consumer<Path> reading) {
        for (int length = 0; length < whole.length; length++) {
            assertTrue(isRefused(Arrays.copyOf(whole, length), reading), "cut at " + length);
        }
    }

    private void assertSurvivesFlips(byte[] whole, Consumer<Path> reading) {
        Random random = new Random(1);
        for (int i = 0; i < FLIPS; i++) {
            assertKinemaExceptionAtMost(flipped(whole, random), reading, "flip " + i);
        }
    }

    /** One to three bits flipped, or a byte replaced by one of those that begin or end things. */
    private static byte[] flipped(byte[] whole, Random random) {
        byte[] damaged = whole.clone();
        for (int n = random.nextInt(3); n >= 0; n--) {
            int at = random.nextInt(whole.length);
            if (random.nextInt(4) == 0) {
                damaged[at] = new byte[] {0, -1, 0x7f, (byte) 0x80, '.', '(', 't', 'R', 'b', 'h', '0', '2', '"', '}'}[random.nextInt(14)];
            } else {
                damaged[at] ^= (byte) (1 << random.nextInt(8));
            }
        }
        return damaged;
    }

    private void assertKinemaExceptionAtMost(byte[] content, Consumer<Path> reading, String what) {
        long start = System.nanoTime();
        isRefused(content, reading);
        assertTrue(System.nanoTime() - start < SLOWEST_NANOS, what + " stalls the reader");
    }

    private boolean isRefused(byte[] content, Consumer<Path> reading) {
        Path file = CheckpointFiles.write(folder, "damaged", content);
        try {
            reading.accept(file);
            return false;
        } catch (KinemaException e) {
            assertTrue(e.getMessage().startsWith(file + ":") && e.getMessage().lines().count() == 1, e.getMessage());
            return true;
        }
    }
}
