package dev.kinema.checkpoint;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.util.Arrays;
import java.util.List;

/** Checks of the sizes a file claims, done before an array is made of them. */
final class ArrayLimits {
    /** Most dimensions an array may have; PyTorch and NumPy stop at 64 too. */
    static final int MAX_RANK = 64;

    private ArrayLimits() {}

    /**
     * The shape with these sizes.
     *
     * @throws dev.kinema.KinemaException if a size is negative or beyond int, there are too many, or their product overflows
     */
    static Shape shape(BoundedFile file, String what, List<Long> sizes) {
        if (sizes.size() > MAX_RANK) {
            throw file.damaged(what + " has " + sizes.size() + " dimensions, more than " + MAX_RANK);
        }
        int[] dims = new int[sizes.size()];
        long product = 1;
        for (int i = 0; i < dims.length; i++) {
            long size = sizes.get(i);
            if (size < 0 || size > Integer.MAX_VALUE) {
                throw file.damaged(what + " has the impossible size " + size + " in dimension " + i);
            }
            // sizes of zero count as one here: [0, huge, huge] overflows like [huge, huge]
            if (size > 1 && product > Long.MAX_VALUE / 8 / size) {
                throw file.damaged(what + " has the sizes " + sizes + ", whose product overflows");
            }
            product *= Math.max(1, size);
            dims[i] = (int) size;
        }
        return Shape.of(dims);
    }

    /** Number of elements, free of overflow for a shape that {@link #shape} made. */
    static long elements(Shape shape) {
        long product = 1;
        for (int d : shape.dims()) {
            product *= d;
        }
        return product;
    }

    /** Bytes of such an array. */
    static long bytes(DType dtype, Shape shape) {
        return elements(shape) * dtype.bytes();
    }

    /** Refuses what does not fit one Java buffer. */
    static void requireOneBuffer(BoundedFile file, String what, DType dtype, Shape shape) {
        if (bytes(dtype, shape) > Integer.MAX_VALUE) {
            throw file.refused(what + " takes " + bytes(dtype, shape) + " bytes (" + dtype + " " + Arrays.toString(shape.dims())
                    + "), but one array holds at most " + Integer.MAX_VALUE + ": split it before saving");
        }
    }
}
