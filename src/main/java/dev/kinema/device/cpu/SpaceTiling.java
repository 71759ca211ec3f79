package dev.kinema.device.cpu;

import static dev.kinema.device.cpu.ToomCook.OUTPUTS;
import static dev.kinema.device.cpu.ToomCook.PRODUCTS;
import static dev.kinema.device.cpu.ToomCook.TAPS;
import static dev.kinema.device.cpu.WinogradConvolutions.TRANSFORM;
import static dev.kinema.device.cpu.WinogradConvolutions.any;
import static dev.kinema.device.cpu.WinogradConvolutions.dense;

import dev.kinema.device.cpu.ToomCook.Order;
import dev.kinema.device.cpu.WinogradConvolutions.Constant;
import dev.kinema.device.cpu.WinogradConvolutions.Direction;
import dev.kinema.device.cpu.WinogradConvolutions.Ending;
import dev.kinema.device.cpu.WinogradConvolutions.KernelProduct;
import dev.kinema.device.cpu.WinogradConvolutions.Operands;
import dev.kinema.device.cpu.WinogradConvolutions.Products;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;

/**
 * A 1x3x3 kernel over tiles of 4x4 pixels: 36 products in place of 144. At the points a frame is [rows of tiles, 6, columns of tiles, 6,
 * channels], so that each product's rows, a column of tiles of all frames, have one stride.
 */
final class SpaceTiling implements WinogradConvolutions.Tiling {
    /** Tiles of a band: matrices of 24 x 18, where more would multiply mostly by zero, and fewer take more calls. */
    private static final int BAND = 4;
    private static final int BAND_INPUTS = BAND * OUTPUTS + TAPS - 1;

    private final int clipFrames;
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
        clipFrames = x.dim(1);
        frames = x.dim(0) * clipFrames;
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
        double rows = pointRows * width * Math.min(height, BAND_INPUTS);
        double columns = pointRows * pointColumns * Math.min(width, BAND_INPUTS);
        return (pointRows * pointColumns * pairs + TRANSFORM * (inputs + outputs) * (rows + columns)) / direct;
    }

    @Override
    public long rows() {
        return (long) clipFrames * tileRows * tileColumns;
    }

    /** The kernel's transform [points, taps]: the Kronecker product of those of its two axes. */
    private static float[] kernelMatrix(Direction direction) {
        double[][] g = ToomCook.kernel();
        float[] matrix = new float[PRODUCTS * PRODUCTS * TAPS * TAPS];
        for (int i = 0; i < matrix.length; i++) {
            int point = i / (TAPS * TAPS);
            int tap = direction.tap(i % (TAPS * TAPS), TAPS * TAPS);
            matrix[i] = (float) (g[point / PRODUCTS][tap / TAPS] * g[point % PRODUCTS][tap % TAPS]);
        }
        return matrix;
    }

    /** Tiles of {@code chunk} frames at the points, as the products see them: [6, 6, columns of tiles, frames and rows of tiles, channels]. */
    private memory.desc tiles(long chunk, long channels) {
        return Layouts.strided(DType.F32, new long[] {PRODUCTS, PRODUCTS, tileColumns, chunk * tileRows, channels}, pointColumns * channels,
            channels, PRODUCTS * channels, PRODUCTS * pointColumns * channels, 1);
    }

    @Override
    public long chunk() {
        return WinogradConvolutions.chunk(clipFrames, (long) tileRows * tileColumns, pointRows * pointColumns * inputs * 4);
    }

    @Override
    public Products products(Lowering l, Direction direction, Ending ending) {
        return new SpaceProducts(l, direction, ending);
    }

    /** Rows to points, columns to points, the products there, and back. */
    private final class SpaceProducts implements Products {
        private final long chunk = chunk();
        private final Direction direction;
        private final Ending ending;
        private final KernelProduct kernels;
        private final Gemm products;
        private final List<AxisProduct> rowsIn;
        private final List<AxisProduct> columnsIn;
        private final List<AxisProduct> rowsOut;
        private final List<AxisProduct> columnsOut;
        private final List<AxisProduct> axes;

        SpaceProducts(Lowering l, Direction direction, Ending ending) {
            this.direction = direction;
            this.ending = ending;
            kernels = KernelProduct.of(l, kernelMatrix(direction), TAPS * TAPS, inputs * outputs);
            products = new Gemm(l, tiles(chunk, inputs), any(PRODUCTS, PRODUCTS, 1, inputs, outputs), tiles(chunk, outputs), false);
            rowsIn = AxisProduct.inputs(l, height, chunk, (long) width * inputs);
            columnsIn = AxisProduct.inputs(l, width, chunk * pointRows, inputs);
            rowsOut = AxisProduct.outputs(l, height, chunk, pointColumns * outputs, null, Primitive.attributes());
            columnsOut = AxisProduct.outputs(l, width, chunk * height, outputs, ending.biasForm(), ending.attributes());
            axes = Stream.of(rowsIn, columnsIn, rowsOut, columnsOut).flatMap(List::stream).toList();
        }

        @Override
        public List<Gemm> gemms() {
            return Stream.concat(Stream.of(kernels.gemm(), products), axes.stream().map(AxisProduct::gemm)).toList();
        }

        @Override
        public void add(Lowering l, Operands o) {
            long pairs = (long) inputs * outputs;
            long[] steps = direction.strides(inputs, outputs);
            memory.desc typed = Layouts.strided(DType.F32, new long[] {PRODUCTS, PRODUCTS, 1, inputs, outputs}, PRODUCTS * pairs, pairs,
                pairs, steps[0], steps[1]);
            Buffer kernel = kernels.add(l, o.kernel(), typed, products.right());
            // rows of the input at points, then the products; the input at points, then rows of the output
            Buffer one = l.scratch(chunk * pointRows * Math.max(width * inputs, pointColumns * outputs) * 4, "products");
            Buffer two = l.scratch(chunk * pointColumns * Math.max(pointRows * inputs, height * outputs) * 4, "input at points");
            Stream<Buffer> matrices = axes.stream().map(axis -> axis.matrix().add(l));
            Buffer[] constants = Stream.concat(Stream.of(kernel), matrices).toArray(Buffer[]::new);
            List<Gemm> run = gemms().stream().filter(gemm -> gemm != kernels.gemm()).toList();
            l.step(WinogradConvolutions.name(ending, "1x3x3", products), WinogradConvolutions.read(o, constants),
                WinogradConvolutions.written(run, o.y(), one, two),
                p -> bind(p, o, kernel.storage().address(), one.storage().address(), two.storage().address()));
        }

        private Runnable bind(CpuProgram p, Operands o, long kernel, long first, long second) {
            List<Runnable> actions = new ArrayList<>();
            for (long frame = 0; frame < frames; frame += chunk) {
                long pixel = frame * height * width;
                long x = o.x().storage().address() + pixel * inputs * 4;
                long y = o.y().storage().address() + pixel * outputs * 4;
                rowsIn.forEach(a -> actions.add(a.bind(p, x, first, 0)));
                columnsIn.forEach(a -> actions.add(a.bind(p, first, second, 0)));
                actions.add(products.bind(p, second, kernel, first));
                rowsOut.forEach(a -> actions.add(a.bind(p, first, second, 0)));
                columnsOut.forEach(a -> actions.add(a.bind(p, second, y, o.biasAddress())));
            }
            return WinogradConvolutions.inOrder(actions);
        }
    }

    /**
     * The transform of a band of an axis: a constant matrix times [batch, axis, columns].
     *
     * @param from where its first input lies from the first of the axis, in bytes
     * @param to where its first output does
     */
    private record AxisProduct(Gemm gemm, Constant matrix, long from, long to) {
        /** From an axis to its points. */
        static List<AxisProduct> inputs(Lowering l, int length, long batch, long columns) {
            int points = ToomCook.products(length);
            return Band.of(length, BAND).stream().map(band -> {
                Gemm gemm = new Gemm(l, dense(1, band.products(), band.inputs()), axis(batch, band.inputs(), length, columns),
                    axis(batch, band.products(), points, columns), false);
                return new AxisProduct(gemm, Constant.of(ToomCook.inputMatrix(band, Order.BY_TILE)),
                    band.firstInput() * columns * 4, band.firstProduct() * columns * 4);
            }).toList();
        }

        /** From products to an axis. */
        static List<AxisProduct> outputs(Lowering l, int length, long batch, long columns, memory.desc bias, primitive_attr attributes) {
            int points = ToomCook.products(length);
            return Band.of(length, BAND).stream().map(band -> {
                Gemm gemm = new Gemm(l, dense(1, band.outputs(), band.products()), axis(batch, band.products(), points, columns), bias,
                    axis(batch, band.outputs(), length, columns), attributes);
                return new AxisProduct(gemm, Constant.of(ToomCook.outputMatrix(band, Order.BY_TILE)),
                    band.firstProduct() * columns * 4, band.firstOutput() * columns * 4);
            }).toList();
        }

        /** A part of an axis of a batch. */
        private static memory.desc axis(long batch, long part, long whole, long columns) {
            return Layouts.strided(DType.F32, new long[] {batch, part, columns}, whole * columns, columns, 1);
        }

        Runnable bind(CpuProgram program, long source, long target, long bias) {
            return gemm.bind(program, matrix.buffer().storage().address(), source + from, bias, target + to);
        }
    }
}
