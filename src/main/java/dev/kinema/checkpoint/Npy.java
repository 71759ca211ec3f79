package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * NumPy's .npy files, one array each: versions 1.0 to 3.0 are read, 1.0 is written. Types f8 f4 f2 i8 i4 i2 i1 u1 b1, little
 * endian, C order; at most 2 GiB (NumPy Enhancement Proposal 1).
 */
public final class Npy {
    private Npy() {}

    /**
     * Reads a file.
     *
     * @throws KinemaException if it is missing, truncated, longer than its array, in Fortran order, big endian or of another type
     */
    public static HostArray read(Path path) {
        try (BoundedFile file = BoundedFile.open(path)) {
            NpyHeader header = NpyHeader.read(file);
            ArrayLimits.requireOneBuffer(file, "the array", header.dtype, header.shape);
            HostArray array = HostArray.allocate(header.dtype, header.shape);
            header.data.copyTo(0, array.buffer());
            return array;
        }
    }

    /**
     * Writes a file, atomically.
     *
     * @param destination created or replaced; its folder must exist
     * @throws KinemaException if NumPy lacks the type (BF16), or the disk refuses; the destination is then as it was
     */
    public static void write(Path destination, HostArray array) {
        String descr = NpyHeader.descr(array.dtype());
        if (descr == null) {
            throw new KinemaException(destination + ": .npy has no type " + array.dtype() + ": write F32, or a safetensors file");
        }
        StringBuilder sizes = new StringBuilder();
        int[] dims = array.shape().dims();
        for (int i = 0; i < dims.length; i++) {
            // Python writes a tuple of one as (5,)
            sizes.append(i == 0 ? "" : " ").append(dims[i]).append(i < dims.length - 1 || dims.length == 1 ? "," : "");
        }
        String dictionary = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + sizes + "), }";
        AtomicFile.write(destination, out -> {
            AtomicFile.writeFully(out, header(dictionary));
            AtomicFile.writeFully(out, array.buffer());
        });
    }

    /** Magic, version 1.0, length, dictionary; spaces and a line end so that the data starts at a multiple of 64. */
    private static ByteBuffer header(String dictionary) {
        int total = (10 + dictionary.length() + 1 + 63) / 64 * 64;
        ByteBuffer header = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
        header.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1)).put((byte) 1).put((byte) 0);
        header.putShort((short) (total - 10)).put(dictionary.getBytes(StandardCharsets.ISO_8859_1));
        while (header.position() < total - 1) {
            header.put((byte) ' ');
        }
        return header.put((byte) '\n').flip();
    }
}
