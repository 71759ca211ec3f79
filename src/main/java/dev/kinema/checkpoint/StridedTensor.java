package dev.kinema.checkpoint;

import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.util.List;

/** A view of stored elements: an offset, sizes, and for each size the distance between neighbours; made contiguous when read. */
final class StridedTensor implements StoredTensor {
    private final BoundedFile file;
    private final Bytes storage;
    private final DType dtype;
    private final Shape shape;
    private final long offset;
    private final long[] strides;
    /** Elements from the first to the last one used, both included. */
    private final long span;

    /**
     * Validates the view; nothing is read.
     *
     * @param storage elements of type {@code dtype}, little endian; its length is a multiple of the element's
     * @param offset element where the view begins
     * @param sizes as the file claims them
     * @param strides distances in elements, as the file claims them
     */
    StridedTensor(BoundedFile file, Bytes storage, DType dtype, long offset, List<Long> sizes, List<Long> strides) {
        this.file = file;
        this.storage = storage;
        this.dtype = dtype;
        this.offset = offset;
        this.shape = ArrayLimits.shape(file, "a tensor", sizes);
        long stored = storage.length() / dtype.bytes();
        if (strides.size() != sizes.size()) {
            throw file.damaged("a tensor has " + sizes.size() + " sizes, but " + strides.size() + " strides");
        }
        this.strides = strides.stream().mapToLong(Long::longValue).toArray();
        long elements = ArrayLimits.elements(shape);
        if (elements > stored) {
            throw file.refused("a tensor " + shape + " has more elements than the " + stored
                    + " stored: it is damaged, or an expanded view to make contiguous() before saving");
        }
        this.span = elements == 0 ? 0 : span(stored);
    }

    /** The C-order strides of a contiguous array. */
    static List<Long> contiguousStrides(List<Long> sizes, boolean fortran) {
        Long[] strides = new Long[sizes.size()];
        long next = 1;
        for (int i = 0; i < strides.length; i++) {
            int axis = fortran ? i : strides.length - 1 - i;
            strides[axis] = next;
            // overflow is harmless: the constructor refuses such sizes before it looks at strides
            next *= Math.max(1, sizes.get(axis));
        }
        return List.of(strides);
    }

    private long span(long stored) {
        long left = stored - 1 - offset;
        boolean inside = offset >= 0 && left >= 0;
        for (int i = 0; i < strides.length && inside; i++) {
            long steps = shape.dim(i) - 1L;
            inside = steps == 0 || (strides[i] >= 0 && (strides[i] == 0 || steps <= left / strides[i]));
            left -= inside ? steps * (steps == 0 ? 0 : strides[i]) : 0;
        }
        if (!inside) {
            throw file.damaged("a tensor " + shape + " at element " + offset + " reaches outside the " + stored + " stored");
        }
        return stored - offset - left;
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public HostArray read() {
        ArrayLimits.requireOneBuffer(file, "a tensor", dtype, shape);
        HostArray array = HostArray.allocate(dtype, shape);
        if (span == 0) {
            return array;
        }
        int width = dtype.bytes();
        if (isContiguous()) {
            storage.copyTo(offset * width, array.buffer());
            return array;
        }
        if (span * width > Integer.MAX_VALUE) {
            throw file.refused("a strided tensor " + shape + " spans " + span * width
                    + " bytes: make it contiguous() before saving");
        }
        ByteBuffer spread = ByteBuffer.allocateDirect((int) (span * width));
        storage.copyTo(offset * width, spread);
        gather(spread, array.buffer(), 0, 0);
        return array;
    }

    private boolean isContiguous() {
        long expected = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            if (shape.dim(i) != 1 && strides[i] != expected) {
                return false;
            }
            expected *= shape.dim(i);
        }
        return true;
    }

    /** Copies the elements below one index of the outer axes; {@code from} is in elements. */
    private void gather(ByteBuffer spread, ByteBuffer out, int axis, long from) {
        int width = dtype.bytes();
        if (axis == strides.length) {
            for (int b = 0; b < width; b++) {
                out.put(spread.get((int) (from * width) + b));
            }
            return;
        }
        for (int i = 0; i < shape.dim(axis); i++) {
            gather(spread, out, axis + 1, from + (i == 0 ? 0 : i * strides[axis]));
        }
    }
}
