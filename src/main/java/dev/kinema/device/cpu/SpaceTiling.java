package dev.kinema.device.cpu;

import static dev.kinema.device.cpu.ToomCook.PRODUCTS;
import static dev.kinema.device.cpu.ToomCook.TAPS;
import static dev.kinema.device.cpu.WinogradConvolutions.any;
import static dev.kinema.device.cpu.WinogradConvolutions.dense;

import dev.kinema.device.cpu.ToomCook.Order;
import dev.kinema.device.cpu.WinogradConvolutions.Operands;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.memory;

/**
 * A 1x3x3 kernel over tiles of 4x4 pixels: 36 products in place of 144. Points along the height lie by tile and those along the width by
 * point, [frames, tiles, 6, 6, tiles, channels], so that each product's rows, the tiles of a column of all frames, have one stride.
 */
final class SpaceTiling implements WinogradConvolutions.Tiling {
    private final int frames;
    private final int height;
    private final int width;
    private final int inputs;
    private final int outputs;
    private final int tileRows;
    private final int tileColumns;
    private final long pointRows;
    private final long pointColumns;

    /** @param x [N, T, H, W, C] */
    SpaceTiling(Shape x, int outputs) {
        frames = x.dim(0) * x.dim(1);
        height = x.dim(2);
        width = x.dim(3);
        inputs = x.last();
        this.outputs = outputs;
        tileRows = ToomCook.tiles(height);
        tileColumns = ToomCook.tiles(width);
        pointRows = ToomCook.products(height);
        pointColumns = ToomCook.products(width);
    }

    @Override
    public double share() {
        double pairs = (double) inputs * outputs;
        double direct = (TAPS * height - 2.0) * (TAPS * width - 2) * pairs;
        double transforms = (inputs + outputs) * (pointRows * height * width + (double) pointRows * pointColumns * width);
        return (pointRows * pointColumns * pairs + transforms) / direct;
    }

    @Override
    public long rows() {
        return (long) frames * tileRows * tileColumns;
    }

    /** The kernel's transform [points, taps]: the Kronecker product of those of its two axes. */
    private static float[] kernelMatrix() {
        double[][] g = ToomCook.kernel();
        float[] matrix = new float[PRODUCTS * PRODUCTS * TAPS * TAPS];
        for (int i = 0; i < matrix.length; i++) {
            int point = i / (TAPS * TAPS);
            int tap = i % (TAPS * TAPS);
            matrix[i] = (float) (g[point / PRODUCTS][tap / TAPS] * g[point % PRODUCTS][tap % TAPS]);
        }
        return matrix;
    }

    /** Tiles of {@code chunk} frames at the points, as the products see them: [6, 6, columns of tiles, frames and rows of tiles, channels]. */
    private memory.desc tiles(long chunk, long channels) {
        return Layouts.strided(DType.F32, new long[] {PRODUCTS, PRODUCTS, tileColumns, chunk * tileRows, channels}, pointColumns * channels,
            tileColumns * channels, channels, PRODUCTS * pointColumns * channels, 1);
    }

    @Override
    public void add(Lowering l, Operands o) {
        int chunk = WinogradConvolutions.chunk(frames, pointRows * pointColumns * inputs * 4);
        Stages stages = new Stages(l, o, chunk);
        long pairs = (long) inputs * outputs;
        memory.desc typed = Layouts.strided(DType.F32, new long[] {PRODUCTS, PRODUCTS, 1, inputs, outputs}, PRODUCTS * pairs, pairs, pairs,
            1, inputs);
        Buffer kernel = WinogradConvolutions.kernel(l, o.kernel(), kernelMatrix(), typed, stages.products.right());
        Buffer rowsIn = WinogradConvolutions.constant(l, ToomCook.inputMatrix(height, Order.BY_TILE));
        Buffer columnsIn = WinogradConvolutions.constant(l, ToomCook.inputMatrix(width, Order.BY_PRODUCT));
        Buffer rowsOut = WinogradConvolutions.constant(l, ToomCook.outputMatrix(height, Order.BY_TILE));
        Buffer columnsOut = WinogradConvolutions.constant(l, ToomCook.outputMatrix(width, Order.BY_PRODUCT));
        // rows of the input, then the products; columns of the input, then rows of the output
        Buffer one = l.scratch(chunk * pointRows * Math.max(width * inputs, pointColumns * outputs) * 4, "products");
        Buffer two = l.scratch(chunk * pointColumns * Math.max(pointRows * inputs, height * outputs) * 4, "input at points");
        l.step(WinogradConvolutions.name(o, "1x3x3", stages.products),
            WinogradConvolutions.read(o, kernel, rowsIn, columnsIn, rowsOut, columnsOut),
            WinogradConvolutions.written(stages.all(), o.y(), one, two), p -> {
                List<Runnable> actions = new ArrayList<>();
                for (long frame = 0; frame < frames; frame += chunk) {
                    long pixel = frame * height * width;
                    long first = one.storage().address();
                    long second = two.storage().address();
                    actions.add(stages.rowsIn.bind(p, rowsIn.storage().address(), o.x().storage().address() + pixel * inputs * 4, first));
                    actions.add(stages.columnsIn.bind(p, columnsIn.storage().address(), first, second));
                    actions.add(stages.products.bind(p, second, kernel.storage().address(), first));
                    actions.add(stages.rowsOut.bind(p, rowsOut.storage().address(), first, second));
                    actions.add(stages.columnsOut.bind(p, columnsOut.storage().address(), second, o.biasAddress(),
                        o.y().storage().address() + pixel * outputs * 4));
                }
                return WinogradConvolutions.inOrder(actions);
            });
    }

    /** The products of a chunk of frames, in order. */
    private final class Stages {
        final Gemm rowsIn;
        final Gemm columnsIn;
        final Gemm products;
        final Gemm rowsOut;
        final Gemm columnsOut;

        Stages(Lowering l, Operands o, int chunk) {
            long row = (long) width * inputs;
            long pointRow = pointColumns * outputs;
            rowsIn = new Gemm(l, dense(1, pointRows, height), dense(chunk, height, row),
                dense(chunk, pointRows, row), false);
            columnsIn = new Gemm(l, dense(1, pointColumns, width),
                dense(chunk * pointRows, width, inputs),
                dense(chunk * pointRows, pointColumns, inputs), false);
            products = new Gemm(l, tiles(chunk, inputs), any(PRODUCTS, PRODUCTS, 1, inputs, outputs),
                tiles(chunk, outputs), false);
            rowsOut = new Gemm(l, dense(1, height, pointRows), dense(chunk, pointRows, pointRow),
                dense(chunk, height, pointRow), false);
            columnsOut = new Gemm(l, dense(1, width, pointColumns),
                dense((long) chunk * height, pointColumns, outputs), o.biasForm(),
                dense((long) chunk * height, width, outputs), o.lastAttributes());
        }

        List<Gemm> all() {
            return List.of(rowsIn, columnsIn, products, rowsOut, columnsOut);
        }
    }
}
