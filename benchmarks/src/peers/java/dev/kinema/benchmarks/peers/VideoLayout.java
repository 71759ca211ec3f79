package dev.kinema.benchmarks.peers;

import dev.kinema.graph.Shape;

/** Between our layout of video, [N, T, H, W, C], and that of the other engines, [N, C, T, H, W]; other ranks are the same in both. */
final class VideoLayout {
    private VideoLayout() {}

    static boolean isVideo(Shape shape) {
        return shape.rank() == 5;
    }

    /** The shape there of a value that is {@code shape} here. */
    static long[] channelsFirst(Shape shape) {
        if (!isVideo(shape)) {
            long[] dims = new long[shape.rank()];
            for (int i = 0; i < dims.length; i++) {
                dims[i] = shape.dim(i);
            }
            return dims;
        }
        return new long[] {shape.dim(0), shape.dim(4), shape.dim(1), shape.dim(2), shape.dim(3)};
    }

    /** @param shape here */
    static float[] channelsFirst(float[] values, Shape shape) {
        return isVideo(shape) ? transposed(values, shape.dim(0), (int) shape.product(1, 4), shape.last()) : values;
    }

    /** @param shape here */
    static float[] channelsLast(float[] values, Shape shape) {
        return isVideo(shape) ? transposed(values, shape.dim(0), shape.last(), (int) shape.product(1, 4)) : values;
    }

    /** [count, rows, columns] to [count, columns, rows]. */
    private static float[] transposed(float[] values, int count, int rows, int columns) {
        float[] result = new float[values.length];
        int size = rows * columns;
        for (int n = 0; n < count; n++) {
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    result[n * size + c * rows + r] = values[n * size + r * columns + c];
                }
            }
        }
        return result;
    }
}
