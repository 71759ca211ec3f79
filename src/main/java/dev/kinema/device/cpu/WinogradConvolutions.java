package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Extent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;

/**
 * Float32 convolutions of 3x1x1 and 1x3x3 kernels with fewer multiplications ({@link ToomCook}): input to points, a product per point, and
 * back. Training computes outputs and gradients of inputs so, between reorders from blocked layouts and to them, and takes its kernels to the
 * points in each step. oneDNN has direct convolutions only, which run near the limit of the multipliers; so all that is left is to multiply
 * less.
 *
 * <p>All three are oneDNN's matrix products, run after one another on as many frames or pixels as fit the caches. The transforms are
 * products with constant matrices over a band of tiles along an axis (rows, columns, or all frames), zeros outside the tiles included: that is
 * little beside the products, and it needs no gathering of tiles and no case for borders. A band's outputs are sums over all of its inputs,
 * if with zeros: so one NaN or infinity makes NaN of its whole band, where a direct convolution spreads it over a window.
 */
final class WinogradConvolutions {
    /** Of a chunk's input at the points. Of 1, 2, 4 and 8 MiB this is the fastest, with 1 MiB of cache per core and 32 MiB shared. */
    private static final long CHUNK_BYTES = 4L << 20;
    /** Multiplications, against those of the direct convolution, above which it does not pay. */
    private static final double WORTH = 0.7;
    /** What a multiplication of a transform counts for: transforms wait for memory, and run at half the speed of the products. */
    static final double TRANSFORM = 2;
    /**
     * Rows that each weight must meet. A weight is read from memory, and at the points there are two to four times as many: below this
     * that takes longer than the multiplications saved (some 14 operations a byte is what processors do).
     */
    private static final long ROWS = 64;
    /** Channels in a register of AVX-512. */
    private static final int LANES = 16;

    private WinogradConvolutions() {}

    /** How a kind of kernel is tiled. */
    interface Tiling {
        /** Multiplications, those of transforms weighted, as a share of those of a direct convolution that skips padding. */
        double share();

        /** Rows of the products, the tiles, of one clip: so that a clip's result does not depend on what it is batched with. */
        long rows();

        /** The frames or pixels of one clip that are computed at once. */
        long chunk();

        /** What computes it; no step is appended yet. */
        Products products(Lowering l, Direction direction, Ending ending);
    }

    /** The products of a convolution. */
    interface Products {
        /** All of them, those of transforms included. */
        List<Gemm> gemms();

        /** Appends the steps. */
        void add(Lowering l, Operands operands);
    }

    /** What is convolved. */
    enum Direction {
        /** The input. */
        FORWARD,
        /** The gradient of the output, with the kernel's taps in the opposite order, and its inputs and outputs exchanged. */
        BACKWARD;

        /** Where a tap of what is convolved with lies among those of the kernel as it is stored. */
        int tap(int tap, int taps) {
            return this == FORWARD ? tap : taps - 1 - tap;
        }

        /** How far apart inputs, and outputs, of what is convolved with lie in the kernel [outputs, inputs] as it is stored. */
        long[] strides(long inputs, long outputs) {
            return this == FORWARD ? new long[] {1, inputs} : new long[] {outputs, 1};
        }
    }

    /** What a convolution does to its sums. */
    record Ending(int outputs, boolean bias, boolean relu) {
        /** The bias as the last product sees it; null for none. */
        memory.desc biasForm() {
            return bias ? dense(1, 1, outputs) : null;
        }

        primitive_attr attributes() {
            return Convolutions.attributes(relu, null, false);
        }

        String name() {
            return (bias ? "+bias" : "") + (relu ? "+relu" : "");
        }
    }

    /**
     * What a convolution reads and writes.
     *
     * @param kernel [outputs, inputs, taps]
     * @param bias null for none
     * @param y to be written, row by row like x
     */
    record Operands(Buffer x, Buffer kernel, Buffer bias, Buffer y) {
        long biasAddress() {
            return bias == null ? 0 : bias.storage().address();
        }
    }

    /**
     * The tiling for a convolution that is faster so; empty for others. Inference's kernel must be of weights that this program does not
     * write. Another program may: one that goes forward only, beside one that trains the same weights, makes its kernels at points anew whenever
     * they have changed, and holds more than with direct convolutions (some 90 MB for Slow-D of 50 layers).
     */
    private static Optional<Tiling> tiling(Lowering l, Value weight, Convolutions.Geometry g) {
        boolean known = l.training() || Lowering.isConstant(l.of(weight));
        boolean whole = g.x().last() % LANES == 0 && g.y().last() % LANES == 0;
        if (!known || l.quantizes() || l.compute() != DType.F32 || !whole || !g.stride().equals(Extent.ONE)) {
            return Optional.empty();
        }
        return tiling(g).filter(t -> t.share() <= WORTH && t.rows() >= ROWS);
    }

    private static Optional<Tiling> tiling(Convolutions.Geometry g) {
        Extent kernel = new Extent(g.weight().dim(2), g.weight().dim(3), g.weight().dim(4));
        if (kernel.equals(new Extent(ToomCook.TAPS, 1, 1)) && g.padding().equals(new Extent(1, 0, 0))) {
            return Optional.of(new TimeTiling(g.x(), g.y().last()));
        }
        if (kernel.equals(new Extent(1, ToomCook.TAPS, ToomCook.TAPS)) && g.padding().equals(new Extent(0, 1, 1))) {
            return Optional.of(new SpaceTiling(g.x(), g.y().last()));
        }
        return Optional.empty();
    }

    /** Appends a convolution without a residual; false, and nothing appended, where this is no way to compute it. */
    static boolean forward(Lowering l, Node node, Convolutions.Geometry g, boolean relu) {
        Value bias = node.inputs().size() > 2 ? node.input(2) : null;
        return convolve(l, node, g, Direction.FORWARD, bias, new Ending(g.y().last(), bias != null, relu));
    }

    /** Appends the gradient of the input; false, and nothing appended, where this is no way to compute it. */
    static boolean inputGradient(Lowering l, Node node, Convolutions.Geometry g) {
        Convolutions.Geometry back = new Convolutions.Geometry(g.y(), g.x(), g.weight(), g.stride(), g.padding());
        return convolve(l, node, back, Direction.BACKWARD, null, new Ending(g.x().last(), false, false));
    }

    private static boolean convolve(Lowering l, Node node, Convolutions.Geometry g, Direction direction, Value bias, Ending ending) {
        Optional<Products> products = tiling(l, node.input(1), g).map(t -> t.products(l, direction, ending));
        if (products.isEmpty() || !keepFast(l, products.get().gemms())) {
            return false;
        }
        Buffer x = l.video(node.input(0), Layouts.video(g.x(), DType.F32), DType.F32);
        Buffer kernel = l.plain(node.input(1));
        Value y = node.output(0);
        Buffer made = l.training() ? Buffer.plain(new Storage("channels last", y.type().bytes(), Storage.Home.PLANNED), y.shape(), DType.F32)
            : l.define(y);
        products.get().add(l, new Operands(x, kernel, bias == null ? null : l.plain(bias), made));
        if (l.training()) {
            memory.desc blocked = Layouts.videoBlocked(y.shape(), DType.F32);
            l.reorder(made, made.video(), l.define(y, DType.F32, blocked), blocked, "f32");
        }
        return true;
    }

    /** Whether oneDNN has a fast kernel for all products; if not, all are given back. */
    static boolean keepFast(Lowering l, List<Gemm> products) {
        if (products.stream().anyMatch(Gemm::isReference)) {
            products.forEach(product -> product.discard(l));
            return false;
        }
        return true;
    }

    /** A matrix that is the same for all weights, row by row. */
    record Constant(float[] matrix, Buffer buffer) {
        static Constant of(float[] matrix) {
            Storage storage = new Storage("points", matrix.length * 4L, Storage.Home.PLANNED);
            return new Constant(matrix, Buffer.plain(storage, Shape.of(matrix.length), DType.F32));
        }

        /** Appends the step that fills it. */
        Buffer add(Lowering l) {
            l.step("points", List.of(), List.of(buffer), p -> {
                var out = buffer.floats();
                return () -> out.put(0, matrix);
            });
            return buffer;
        }
    }

    /** What takes a kernel to the points, once per change of the weights. */
    record KernelProduct(Gemm gemm, Constant matrix, int points, int pairs) {
        /**
         * @param matrix [points, taps]
         * @param pairs of an input and an output channel
         */
        static KernelProduct of(Lowering l, float[] matrix, int taps, int pairs) {
            int points = matrix.length / taps;
            Gemm gemm = new Gemm(l, Layouts.matrix(points, taps, DType.F32), Layouts.transposed(taps, pairs, DType.F32),
                Layouts.matrix(points, pairs, DType.F32), false);
            return new KernelProduct(gemm, Constant.of(matrix), points, pairs);
        }

        /**
         * Appends the steps.
         *
         * @param typed the result as the product here makes it: point by point, [outputs, inputs]
         * @param wanted the layout that the products want
         */
        Buffer add(Lowering l, Buffer kernel, memory.desc typed, memory.desc wanted) {
            Buffer g = matrix.add(l);
            Storage storage = new Storage("kernel", (long) points * pairs * 4, Storage.Home.PLANNED);
            Buffer at = Buffer.plain(storage, Shape.of(points, pairs), DType.F32);
            l.step("kernel at points [" + gemm.implementation() + "]", List.of(g, kernel), written(List.of(gemm), at),
                p -> gemm.bind(p, g.storage().address(), kernel.storage().address(), at.storage().address()));
            Buffer packed = new Buffer(new Storage("kernel", wanted.get_size(), Storage.Home.PLANNED), at.shape(), DType.F32, wanted);
            l.reorder(at, typed, packed, wanted, "kernel");
            return packed;
        }
    }

    /** What a step of products writes. */
    static List<Buffer> written(List<Gemm> products, Buffer... others) {
        List<Buffer> buffers = new ArrayList<>(List.of(others));
        products.stream().map(Gemm::scratch).filter(s -> s != null).forEach(buffers::add);
        return buffers;
    }

    static List<Buffer> read(Operands operands, Buffer... others) {
        return Stream.concat(Stream.of(operands.x(), operands.bias()).filter(b -> b != null), Stream.of(others)).toList();
    }

    static String name(Ending ending, String kind, Gemm products) {
        return "winograd " + kind + ending.name() + " [" + products.implementation() + "]";
    }

    /** Dense operands. */
    static memory.desc dense(long... dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return Layouts.strided(DType.F32, dims, strides);
    }

    static memory.desc any(long... dims) {
        return new memory.desc(dims, memory.data_type.f32, memory.format_tag.any);
    }

    /**
     * The largest part of {@code whole}, which is of one clip, that divides it and takes no more than a chunk's memory; but no less than
     * gives each weight its rows. oneDNN chooses kernels by the number of rows, which may sum in another order: it must not depend on how
     * many clips there are.
     */
    static int chunk(long whole, long rowsEach, long bytesEach) {
        long part = Math.max(1, Math.min(whole, CHUNK_BYTES / bytesEach));
        while (whole % part != 0) {
            part--;
        }
        while (part < whole && (part * rowsEach < ROWS || whole % part != 0)) {
            part++;
        }
        return (int) part;
    }

    /** One after the other. */
    static Runnable inOrder(List<Runnable> actions) {
        Runnable[] all = actions.toArray(Runnable[]::new);
        return () -> {
            for (Runnable action : all) {
                action.run();
            }
        };
    }
}
