package dev.kinema.device.cpu;

import dev.kinema.device.HostArray;
import dev.kinema.device.Quantization;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.GeluGradient;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Select;
import dev.kinema.graph.op.Sigmoid;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.eltwise_backward;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;

/** Element by element: by oneDNN in whatever layout the operand is stored, in place where it dies; the rest in Java. */
final class Elementwise {
    /** Elements below which a loop is not worth sharing among threads. */
    static final int GRAIN = 32_768;

    private Elementwise() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Relu.class, (l, n) -> {
            if (l.hints().isRectified(n.input(0))) {
                l.overwrite(n.input(0), n.output(0));
            } else {
                unary(l, n, dnnl.dnnl_eltwise_relu, 0, 0);
            }
        });
        rules.put(Gelu.class, (l, n) -> unary(l, n, gelu(((Gelu) n.op()).form()), 0, 0));
        rules.put(Sigmoid.class, (l, n) -> unary(l, n, dnnl.dnnl_eltwise_logistic, 0, 0));
        rules.put(Scale.class, (l, n) -> unary(l, n, dnnl.dnnl_eltwise_linear, ((Scale) n.op()).factor(), ((Scale) n.op()).offset()));
        rules.put(ReluGradient.class, (l, n) -> {
            if (!Normalization.takesOver(l, n)) {
                gradient(l, n, dnnl.dnnl_eltwise_relu_use_dst_for_bwd, true);
            }
        });
        rules.put(GeluGradient.class, (l, n) -> gradient(l, n, gelu(((GeluGradient) n.op()).form()), false));
        rules.put(Add.class, (l, n) -> {
            if (!SampledConvolutions.add(l, n)) {
                pair(l, n, dnnl.dnnl_binary_add, Float::sum);
            }
        });
        rules.put(Mul.class, (l, n) -> pair(l, n, dnnl.dnnl_binary_mul, (a, b) -> a * b));
        rules.put(Select.class, Elementwise::select);
        rules.put(Dropout.class, Elementwise::dropout);
        rules.put(Fill.class, Elementwise::fill);
        rules.put(NormalizeFrames.class, Elementwise::frames);
    }

    private static int gelu(Gelu.Form form) {
        return form == Gelu.Form.ERF ? dnnl.dnnl_eltwise_gelu_erf : dnnl.dnnl_eltwise_gelu_tanh;
    }

    /**
     * Whether a ReLU is the value's only reader, so that it may be computed along with it. Where values are looked at, infinities below 0
     * are not seen then; a sum of finite numbers is never NaN, and a norm's only where its mean or variance is not finite, which is seen.
     */
    static boolean isOnlyRectified(Lowering l, Value value) {
        List<Node> readers = l.readers(value);
        return readers.size() == 1 && readers.get(0).op() instanceof Relu;
    }

    /** Memory for a result stored like {@code x}: that of {@code x} where it dies here. */
    private static Buffer like(Lowering l, Value x, Value y) {
        Buffer in = l.of(x);
        if (l.dies(x)) {
            return l.overwrite(x, y);
        }
        return l.define(y, in.dtype(), in.layout(), in.flat().get_size());
    }

    private static void unary(Lowering l, Node node, int algorithm, double alpha, double beta) {
        Buffer x = l.of(node.input(0));
        memory.desc form = x.flat();
        eltwise_forward.primitive_desc desc = new eltwise_forward.primitive_desc(l.engine(), dnnl.dnnl_forward_training, algorithm, form,
            form, (float) alpha, (float) beta, Primitive.attributes(), false);
        Buffer y = like(l, node.input(0), node.output(0));
        new Primitive(l, desc, new eltwise_forward(desc)).read(dnnl.DNNL_ARG_SRC, x, form).write(dnnl.DNNL_ARG_DST, y, form)
            .add("elementwise");
    }

    private static void gradient(Lowering l, Node node, int algorithm, boolean fromOutput) {
        Buffer saved = l.of(node.input(1));
        memory.desc form = saved.flat();
        Buffer dy = saved.isPlain() ? l.plain(node.input(0), saved.dtype()) : l.video(node.input(0), saved.video(), saved.dtype());
        eltwise_forward.primitive_desc hint = new eltwise_forward.primitive_desc(l.engine(), dnnl.dnnl_forward_training, algorithm, form,
            form, 0, 0, Primitive.attributes(), false);
        eltwise_backward.primitive_desc desc = new eltwise_backward.primitive_desc(l.engine(), algorithm, form, form, form, 0, 0, hint,
            Primitive.attributes(), false);
        boolean inPlace = dy == l.of(node.input(0)) && l.dies(node.input(0));
        Buffer dx = inPlace ? like(l, node.input(0), node.output(0))
            : l.define(node.output(0), saved.dtype(), saved.layout(), form.get_size());
        new Primitive(l, desc, new eltwise_backward(desc)).read(fromOutput ? dnnl.DNNL_ARG_DST : dnnl.DNNL_ARG_SRC, saved, form)
            .read(dnnl.DNNL_ARG_DIFF_DST, dy, form).write(dnnl.DNNL_ARG_DIFF_SRC, dx, form).add("elementwise gradient");
    }

    /** Two floats to one. */
    @FunctionalInterface
    private interface Pair {
        float apply(float a, float b);
    }

    private static void pair(Lowering l, Node node, int algorithm, Pair function) {
        Value a = node.input(0);
        Value b = node.input(1);
        if (!a.shape().equals(b.shape())) {
            broadcast(l, node, function);
            return;
        }
        Buffer left = l.of(a);
        Buffer right = left.isPlain() ? l.plain(b, left.dtype()) : l.video(b, left.video(), left.dtype());
        memory.desc form = left.flat();
        boolean relu = algorithm == dnnl.dnnl_binary_add && isOnlyRectified(l, node.output(0));
        binary.primitive_desc desc = new binary.primitive_desc(l.engine(), algorithm, form, form, form,
            Convolutions.attributes(relu, null, false), false);
        Buffer y = like(l, a, node.output(0));
        new Primitive(l, desc, new binary(desc)).read(dnnl.DNNL_ARG_SRC_0, left, form).read(dnnl.DNNL_ARG_SRC_1, right, form)
            .write(dnnl.DNNL_ARG_DST, y, form).add("elementwise" + (relu ? "+relu" : ""));
        if (relu) {
            l.hints().rectified(node.output(0));
        }
    }

    private static void broadcast(Lowering l, Node node, Pair function) {
        Buffer a = l.plain(node.input(0));
        Buffer b = l.plain(node.input(1));
        Buffer y = l.define(node.output(0));
        int period = Math.max(1, b.elements());
        l.step("elementwise broadcast", List.of(a, b), List.of(y), p -> {
            FloatBuffer left = a.floats();
            FloatBuffer right = b.floats();
            FloatBuffer out = y.floats();
            Team.Range range = (from, to) -> {
                int j = from % period;
                for (int i = from; i < to; i++) {
                    out.put(i, function.apply(left.get(i), right.get(j)));
                    j = j + 1 == period ? 0 : j + 1;
                }
            };
            return () -> p.team().run(y.elements(), GRAIN, range);
        });
    }

    private static void select(Lowering l, Node node) {
        Buffer mask = l.plain(node.input(0));
        Buffer a = l.plain(node.input(1));
        Buffer b = l.plain(node.input(2));
        Buffer y = l.define(node.output(0));
        int inner = y.elements() / Math.max(1, mask.elements());
        int period = Math.max(1, b.elements());
        l.step("select", List.of(mask, a, b), List.of(y), p -> {
            var chosen = mask.bytes();
            FloatBuffer left = a.floats();
            FloatBuffer right = b.floats();
            FloatBuffer out = y.floats();
            Team.Range range = (from, to) -> {
                for (int i = from; i < to; i++) {
                    out.put(i, chosen.get(i / inner) != 0 ? left.get(i) : right.get(i % period));
                }
            };
            return () -> p.team().run(y.elements(), GRAIN, range);
        });
    }

    private static void dropout(Lowering l, Node node) {
        Dropout op = (Dropout) node.op();
        Buffer x = l.plain(node.input(0));
        Buffer state = l.plain(node.input(1));
        Buffer y = l.define(node.output(0));
        int tiles = DropMask.tiles(y.elements());
        l.step("dropout", List.of(x, state), List.of(y), p -> {
            DropMask mask = new DropMask(op.p(), op.salt());
            Team.Range range = mask.over(x.floats(), y.floats(), y.elements());
            var random = state.longs();
            return () -> {
                mask.begin(random.get(0), random.get(1));
                p.team().run(tiles, GRAIN / Tile.SIZE, range);
            };
        });
    }

    private static void fill(Lowering l, Node node) {
        float value = (float) ((Fill) node.op()).value();
        Buffer y = l.define(node.output(0));
        l.step("fill", List.of(), List.of(y), p -> {
            FloatBuffer out = y.floats();
            return () -> {
                for (int i = 0; i < y.elements(); i++) {
                    out.put(i, value);
                }
            };
        });
    }

    /** A table of the 256 levels of each channel, already in the type that the first convolution reads. */
    private static void frames(Lowering l, Node node) {
        NormalizeFrames op = (NormalizeFrames) node.op();
        Buffer x = l.of(node.input(0));
        Value pictures = node.output(0);
        boolean toBytes = l.quantizes() && QuantizedConvolutions.isReadAsBytes(l, pictures);
        double step = toBytes ? Quantization.step(l.soleReaders(pictures).get(0), l.ranges()) : 1;
        Buffer y = toBytes ? l.defineBytes(pictures, DType.I8, Layouts.video(x.shape(), DType.I8))
            : l.define(pictures, l.compute(), null, (long) x.elements() * l.compute().bytes());
        int channels = x.shape().last();
        float[] levels = new float[256 * channels];
        short[] halves = new short[levels.length];
        byte[] steps = new byte[levels.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = op.level(i / channels, i % channels);
            halves[i] = HostArray.toBf16(levels[i]);
            steps[i] = (byte) Math.round(levels[i] / step);
        }
        l.step("table", List.of(x), List.of(y), p -> {
            var in = x.bytes();
            var floats = y.dtype() == DType.F32 ? y.floats() : null;
            var shorts = y.dtype() == DType.BF16 ? y.shorts() : null;
            var bytes = y.bytes();
            Team.Range range = (from, to) -> {
                int c = from % channels;
                for (int i = from; i < to; i++) {
                    int level = (in.get(i) & 0xFF) * channels + c;
                    if (floats != null) {
                        floats.put(i, levels[level]);
                    } else if (shorts != null) {
                        shorts.put(i, halves[level]);
                    } else {
                        bytes.put(i, steps[level]);
                    }
                    c = c + 1 == channels ? 0 : c + 1;
                }
            };
            return () -> p.team().run(x.elements(), GRAIN, range);
        });
    }
}
