package dev.kinema.graph;

import dev.kinema.KinemaException;
import java.util.Arrays;

/** Sizes of a value's axes, outermost first; rank 0 is a scalar. Immutable. */
public final class Shape {
    public static final Shape SCALAR = new Shape(new int[0]);

    private final int[] dims;
    private final long elements;

    private Shape(int[] dims) {
        long n = 1;
        for (int d : dims) {
            if (d < 0) {
                throw new KinemaException("a shape has no negative sizes, got " + Arrays.toString(dims) + ": check what computed them");
            }
            if (d != 0 && n > Long.MAX_VALUE / d) {
                throw new KinemaException("no array has as many elements as " + Arrays.toString(dims) + ": check its sizes");
            }
            n *= d;
        }
        this.dims = dims;
        this.elements = n;
    }

    public static Shape of(int... dims) {
        return dims.length == 0 ? SCALAR : new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    /** Size of axis {@code i}; negative {@code i} counts from the end. */
    public int dim(int i) {
        return dims[i < 0 ? dims.length + i : i];
    }

    public int last() {
        return dims[dims.length - 1];
    }

    public long elements() {
        return elements;
    }

    public int[] dims() {
        return dims.clone();
    }

    /** Product of the sizes of the axes {@code from} (inclusive) to {@code to} (exclusive). */
    public long product(int from, int to) {
        long n = 1;
        for (int i = from; i < to; i++) {
            n *= dims[i];
        }
        return n;
    }

    /** Number of rows when the last axis is a row: elements / last. */
    public long rows() {
        return product(0, dims.length - 1);
    }

    /** The same shape with axis {@code axis} of size {@code size}. */
    public Shape with(int axis, int size) {
        int[] d = dims.clone();
        d[axis < 0 ? d.length + axis : axis] = size;
        return new Shape(d);
    }

    /** The axes {@code from} (inclusive) to {@code to} (exclusive). */
    public Shape sub(int from, int to) {
        return of(Arrays.copyOfRange(dims, from, to));
    }

    /** These axes followed by those of {@code inner}. */
    public Shape append(Shape inner) {
        int[] d = Arrays.copyOf(dims, dims.length + inner.dims.length);
        System.arraycopy(inner.dims, 0, d, dims.length, inner.dims.length);
        return of(d);
    }

    /** Whether this shape is the last axes of {@code outer}: then it broadcasts over the leading ones. */
    public boolean isSuffixOf(Shape outer) {
        return rank() <= outer.rank() && equals(outer.sub(outer.rank() - rank(), outer.rank()));
    }

    /** Whether this shape is the first axes of {@code outer}. */
    public boolean isPrefixOf(Shape outer) {
        return rank() <= outer.rank() && equals(outer.sub(0, rank()));
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
