package dev.kinema.graph;

/** What is known of a value before anything runs: element type and shape. */
public record Type(DType dtype, Shape shape) {
    public static Type f32(Shape shape) {
        return new Type(DType.F32, shape);
    }

    public static Type f32(int... dims) {
        return new Type(DType.F32, Shape.of(dims));
    }

    /** Bytes of the value stored densely as it is typed. */
    public long bytes() {
        return shape.elements() * dtype.bytes();
    }

    @Override
    public String toString() {
        return dtype + " " + shape;
    }
}
