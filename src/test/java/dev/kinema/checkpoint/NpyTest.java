package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
    private static final String GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";

    @TempDir
    Path folder;

    @Test
    void everyTypeAndRankComesBack() {
        Path file = folder.resolve("a.npy");
        for (DType dtype : DType.values()) {
            for (int[] dims : new int[][] {{}, {5}, {2, 3}, {1, 2, 1, 3, 1}}) {
                HostArray array = HostArray.allocate(dtype, Shape.of(dims));
                ByteBuffer bytes = array.buffer();
                while (bytes.hasRemaining()) {
                    bytes.put((byte) (bytes.position() * 31 & 1));
                }
                if (dtype == DType.BF16) {
                    CheckpointFiles.assertRefused(file, () -> Npy.write(file, array), "BF16");
                    continue;
                }
                Npy.write(file, array);
                HostArray read = Npy.read(file);
                assertEquals(dtype, read.dtype());
                assertEquals(array.shape(), read.shape());
                assertEquals(array.buffer(), read.buffer());
            }
        }
    }

    @Test
    void writesTheBytesThatNumpyWrites() throws Exception {
        Path file = folder.resolve("b.npy");
        Npy.write(file, CheckpointFiles.counting(1, 2));
        byte[] bytes = Files.readAllBytes(file);
        assertEquals(128 + 8, bytes.length);
        String header = new String(bytes, 0, 128, StandardCharsets.ISO_8859_1);
        assertEquals("\u0093NUMPY\u0001\u0000\u0076\u0000" + GOOD, header.stripTrailing());
        assertTrue(header.endsWith(" \n"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void readsEveryVersion(int version) {
        Path file = CheckpointFiles.write(folder, "v.npy", npy(version, "{\"shape\":(2,),'fortran_order':False , 'descr':'<f4'}  \n", 8));
        assertArrayEquals(new float[] {0, 1}, Npy.read(file).toFloats());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), } ; ascontiguousarray",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), } ; astype",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,), } ; \"|O\"",
        "{'descr': '<U1', 'fortran_order': False, 'shape': (2,), } ; \"<U1\"",
        "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), } ; records",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } ; takes 12",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } ; takes 4",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), } ; no number",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999,), } ; impossible size",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647,2147483647,2147483647,9), } ; overflows",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), } ; .npy header",
        "{'descr': '<f4', 'fortran_order': False, } ; not exactly",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), } ; repeated",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1} ; unknown",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x ; not exactly",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), } ; no False"})
    void aHeaderThatLiesIsRefused(String header, String word) {
        Path file = CheckpointFiles.write(folder, "lying.npy", npy(1, header, 8));
        CheckpointFiles.assertRefused(file, () -> Npy.read(file), word);
    }

    @Test
    void everyTruncationIsRefused() {
        for (int version = 1; version <= 3; version++) {
            byte[] bytes = npy(version, GOOD, 8);
            for (int length = 0; length < bytes.length; length++) {
                Path file = CheckpointFiles.write(folder, "cut.npy", Arrays.copyOf(bytes, length));
                CheckpointFiles.assertRefused(file, () -> Npy.read(file));
            }
        }
        byte[] unknown = npy(1, GOOD, 8);
        unknown[6] = 4;
        Path file = CheckpointFiles.write(folder, "v4.npy", unknown);
        assertThrows(KinemaException.class, () -> Npy.read(file));
    }

    private static byte[] npy(int version, String header, int dataBytes) {
        byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer out = ByteBuffer.allocate((version == 1 ? 10 : 12) + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        out.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1)).put((byte) version).put((byte) 0);
        if (version == 1) {
            out.putShort((short) text.length);
        } else {
            out.putInt(text.length);
        }
        out.put(text).put(CheckpointFiles.littleEndian(0, 1));
        return out.array();
    }
}
