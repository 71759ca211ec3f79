package dev.kinema.device.cpu;

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
import java.util.stream.LongStream;
import org.bytedeco.dnnl.memory;

/** A 3x1x1 kernel over tiles of four frames: six products in place of twelve. Transforms are sums of frames, weighted. */
final class TimeTiling implements WinogradConvolutions.Tiling {
    private final int clips;
    private final int frames;
    private final long pixels;
    private final long inputs;
    private final long outputs;
    private final int tiles;
    private final long points;

    /** @param x [N, T, H, W, C] */
    TimeTiling(Shape x, int outputs) {
        clips = x.dim(0);
        frames = x.dim(1);
        pixels = x.product(2, 4);
        inputs = x.last();
        this.outputs = outputs;
        tiles = ToomCook.tiles(frames);
        points = ToomCook.products(frames);
    }

    @Override
    public double share() {
        double pairs = (double) inputs * outputs;
        return (points * pairs + TRANSFORM * points * frames * (inputs + outputs)) / ((TAPS * frames - 2) * pairs);
    }

    @Override
    public long rows() {
        return pixels * tiles;
    }

    /** The kernel's transform [points, taps]. */
    private static float[] kernelMatrix(Direction direction) {
        double[][] g = ToomCook.kernel();
        float[] matrix = new float[PRODUCTS * TAPS];
        for (int i = 0; i < matrix.length; i++) {
            matrix[i] = (float) g[i / TAPS][direction.tap(i % TAPS, TAPS)];
        }
        return matrix;
    }

    @Override
    public long chunk() {
        return WinogradConvolutions.chunk(pixels, tiles, points * inputs * 4);
    }

    @Override
    public Products products(Lowering l, Direction direction, Ending ending) {
        return new TimeProducts(l, direction, ending);
    }

    /** To points, the products there, and back. */
    private final class TimeProducts implements Products {
        private final long chunk = chunk();
        private final Direction direction;
        private final Ending ending;
        private final KernelProduct kernels;
        private final Gemm in;
        private final Gemm products;
        private final Gemm out;

        TimeProducts(Lowering l, Direction direction, Ending ending) {
            this.direction = direction;
            this.ending = ending;
            kernels = KernelProduct.of(l, kernelMatrix(direction), TAPS, (int) (inputs * outputs));
            in = new Gemm(l, dense(points, frames), pixelsOfFrames(chunk, inputs), dense(points, chunk * inputs), false);
            products = new Gemm(l, dense(PRODUCTS, tiles * chunk, inputs), any(PRODUCTS, inputs, outputs),
                dense(PRODUCTS, tiles * chunk, outputs), false);
            out = new Gemm(l, dense(1, frames, points),
                Layouts.strided(DType.F32, new long[] {chunk, points, outputs}, outputs, chunk * outputs, 1), ending.biasForm(),
                Layouts.strided(DType.F32, new long[] {chunk, frames, outputs}, outputs, pixels * outputs, 1), ending.attributes());
        }

        @Override
        public List<Gemm> gemms() {
            return List.of(kernels.gemm(), in, products, out);
        }

        @Override
        public void add(Lowering l, Operands o) {
            long[] steps = direction.strides(inputs, outputs);
            memory.desc typed = Layouts.strided(DType.F32, new long[] {PRODUCTS, inputs, outputs}, inputs * outputs, steps[0], steps[1]);
            Buffer kernel = kernels.add(l, o.kernel(), typed, products.right());
            Buffer b = Constant.of(ToomCook.inputMatrix(Band.whole(frames), Order.BY_PRODUCT)).add(l);
            Buffer a = Constant.of(ToomCook.outputMatrix(Band.whole(frames), Order.BY_PRODUCT)).add(l);
            Buffer from = l.scratch(points * chunk * inputs * 4, "input at points");
            Buffer to = l.scratch(points * chunk * outputs * 4, "products");
            l.step(WinogradConvolutions.name(ending, "3x1x1", products), WinogradConvolutions.read(o, kernel, b, a),
                WinogradConvolutions.written(List.of(in, products, out), o.y(), from, to), p -> {
                    List<Runnable> actions = new ArrayList<>();
                    for (long at : starts(chunk)) {
                        long x = o.x().storage().address() + at * inputs * 4;
                        long y = o.y().storage().address() + at * outputs * 4;
                        actions.add(in.bind(p, b.storage().address(), x, from.storage().address()));
                        actions.add(products.bind(p, from.storage().address(), kernel.storage().address(), to.storage().address()));
                        actions.add(out.bind(p, a.storage().address(), to.storage().address(), o.biasAddress(), y));
                    }
                    return WinogradConvolutions.inOrder(actions);
                });
        }
    }

    /** All frames of some pixels, a matrix [frames, pixels and channels]. */
    private memory.desc pixelsOfFrames(long chunk, long channels) {
        return Layouts.strided(DType.F32, new long[] {frames, chunk * channels}, pixels * channels, 1);
    }

    /** The chunks' first pixels, counted from the first clip's. */
    private long[] starts(long chunk) {
        long parts = pixels / chunk;
        return LongStream.range(0, clips * parts).map(i -> i / parts * frames * pixels + i % parts * chunk).toArray();
    }
}
