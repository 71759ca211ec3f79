package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.checkpoint.PickleWriter.Global;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchFileTest {
    private static final byte[] SIX = CheckpointFiles.littleEndian(0, 1, 2, 3, 4, 5);

    @TempDir
    Path folder;

    private Path torch(Object root) {
        return CheckpointFiles.write(folder, "x.pth", CheckpointFiles.torchZip(PickleWriter.pickle(root), Map.of("0", SIX)));
    }

    private float[] read(Object tensor) {
        try (TorchFile file = TorchFile.open(torch(List.of(tensor)))) {
            return ((StoredTensor) ((List<?>) file.root()).get(0)).read().toFloats();
        }
    }

    @Test
    void viewsAreMadeContiguous() {
        assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, read(CheckpointFiles.tensor("0", 2, 3)));
        assertArrayEquals(new float[] {0, 3, 1, 4, 2, 5}, read(CheckpointFiles.tensor("0", 6, 0, new int[] {3, 2}, new int[] {1, 3})));
        assertArrayEquals(new float[] {2, 3}, read(CheckpointFiles.tensor("0", 6, 2, new int[] {2}, new int[] {1})));
        assertArrayEquals(new float[] {1, 3, 5}, read(CheckpointFiles.tensor("0", 6, 1, new int[] {3}, new int[] {2})));
        assertArrayEquals(new float[] {5}, read(CheckpointFiles.tensor("0", 6, 5, new int[] {}, new int[] {})));
        // a size of 1 may have any stride
        assertArrayEquals(new float[] {4, 5}, read(CheckpointFiles.tensor("0", 6, 4, new int[] {1, 2}, new int[] {999, 1})));
        assertArrayEquals(new float[] {3, 3}, read(CheckpointFiles.tensor("0", 6, 3, new int[] {2}, new int[] {0})));
    }

    @Test
    void viewsOutsideTheStorageAreRefused() {
        assertRefused(CheckpointFiles.tensor("0", 6, 1, new int[] {2, 3}, new int[] {3, 1}), "reaches outside");
        assertRefused(CheckpointFiles.tensor("0", 6, -1, new int[] {1}, new int[] {1}), "reaches outside");
        assertRefused(CheckpointFiles.tensor("0", 6, 6, new int[] {1}, new int[] {1}), "reaches outside");
        assertRefused(CheckpointFiles.tensor("0", 6, 5, new int[] {2}, new int[] {-1}), "reaches outside");
        assertRefused(CheckpointFiles.tensor("0", 6, 0, new int[] {2}, new int[] {Integer.MAX_VALUE}), "reaches outside");
        assertRefused(CheckpointFiles.tensor("0", 6, 0, new int[] {2, 2}, new int[] {3}), "strides");
        assertRefused(CheckpointFiles.tensor("0", 6, 0, new int[] {-2}, new int[] {1}), "impossible size");
        assertRefused(CheckpointFiles.tensor("0", 6, 0, new int[] {1000, 1000}, new int[] {0, 0}), "contiguous()");
        assertRefused(CheckpointFiles.tensor("0", 6, 0, new int[65], new int[65]), "sizes");
        assertRefused(CheckpointFiles.tensor("0", 7, 0, new int[] {1}, new int[] {1}), "7 elements");
        assertRefused(CheckpointFiles.tensor("0", -6, 0, new int[] {1}, new int[] {1}), "-6 elements");
        assertRefused(CheckpointFiles.tensor("9", 6, 0, new int[] {1}, new int[] {1}), "data/9");
    }

    private void assertRefused(Object tensor, String word) {
        Path file = torch(List.of(tensor));
        CheckpointFiles.assertRefused(file, () -> TorchFile.open(file), word);
    }

    @Test
    void sharedStoragesAreReadForEach() {
        try (TorchFile file = TorchFile.open(torch(
                List.of(CheckpointFiles.tensor("0", 6), CheckpointFiles.tensor("0", 6, 3, new int[] {3}, new int[] {1}))))) {
            List<?> tensors = (List<?>) file.root();
            assertEquals(Shape.of(6), ((StoredTensor) tensors.get(0)).shape());
            assertArrayEquals(new float[] {3, 4, 5}, ((StoredTensor) tensors.get(1)).read().toFloats());
        }
    }

    @Test
    void otherArchivesAreNamed() {
        byte[] pickle = PickleWriter.pickle(List.of());
        assertArchiveRefused("TorchScript", "a/data.pkl", pickle, "a/constants.pkl", pickle);
        assertArchiveRefused("byte order", "a/data.pkl", pickle, "a/byteorder", "big".getBytes(StandardCharsets.US_ASCII));
        assertArchiveRefused("without a data.pkl", "weights.npy", pickle, "b.npy", pickle);
        try (TorchFile file = TorchFile.open(archive("a/data.pkl", pickle, "a/byteorder", "little".getBytes(StandardCharsets.US_ASCII)))) {
            assertEquals(List.of(), file.root());
        }
    }

    private void assertArchiveRefused(String word, String name1, byte[] content1, String name2, byte[] content2) {
        Path file = archive(name1, content1, name2, content2);
        CheckpointFiles.assertRefused(file, () -> TorchFile.open(file), word);
    }

    private Path archive(String name1, byte[] content1, String name2, byte[] content2) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put(name1, content1);
        entries.put(name2, content2);
        return CheckpointFiles.write(folder, "y.pth", CheckpointFiles.zip(entries));
    }

    @Test
    void legacyViewsAndLies() {
        assertArrayEquals(new float[] {2, 3, 4}, readLegacy(true, 6, "7"));
        CheckpointFiles.assertRefused(folder.resolve("l.pth"), () -> readLegacy(false, 6, "7"), "big-endian");
        CheckpointFiles.assertRefused(folder.resolve("l.pth"), () -> readLegacy(true, 5, "7"), "5 elements");
        CheckpointFiles.assertRefused(folder.resolve("l.pth"), () -> readLegacy(true, 6, "8"), "lists a storage");
    }

    /** A tensor of 3 on a view of elements 1 to 5 of a legacy storage of 6, at offset 1 of the view. */
    private float[] readLegacy(boolean littleEndian, long count, String listedKey) {
        Object storage = new PickleWriter.Persistent(PickleWriter.tuple("storage", new Global("torch", "FloatStorage"), "7", "cpu", 6,
                PickleWriter.tuple("8", 1, 5)));
        Object tensor = new PickleWriter.Call(new Global("torch._utils", "_rebuild_tensor"),
                List.of(storage, 1, PickleWriter.tuple(3), PickleWriter.tuple(1)), null);
        byte[] magic = new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46, (byte) 0xf9, 0x20, 0x6a,
            (byte) 0xa8, 0x50, 0x19, '.'};
        ByteBuffer out = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN).put(magic).put(PickleWriter.pickle(1001))
                .put(PickleWriter.pickle(Map.of("little_endian", littleEndian))).put(PickleWriter.pickle(Map.of("t", tensor)))
                .put(PickleWriter.pickle(List.of(listedKey))).putLong(count).put(SIX);
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        try (TorchFile file = TorchFile.open(CheckpointFiles.write(folder, "l.pth", bytes))) {
            return ((StoredTensor) ((Map<?, ?>) file.root()).get("t")).read().toFloats();
        }
    }
}
