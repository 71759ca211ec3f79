package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.GeluGradient;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Sigmoid;
import dev.kinema.graph.op.StopGradient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Element by element, in the type the operand is stored in, in place where it dies. Neighbours are done in one step, and one whose result is
 * {@link Rounding rounded} by all who read it stores that in their type, as {@link Chain}.
 */
final class Elementwise {
    private Elementwise() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Relu.class, (l, n) -> chain(l, n, () -> unary(l, n, Kinema.KN_UNARY_RELU, 1, 0)));
        rules.put(Gelu.class, (l, n) -> chain(l, n, () -> unary(l, n,
            ((Gelu) n.op()).form() == Gelu.Form.TANH ? Kinema.KN_UNARY_GELU_TANH : Kinema.KN_UNARY_GELU, 1, 0)));
        rules.put(Sigmoid.class, (l, n) -> unary(l, n, Kinema.KN_UNARY_SIGMOID, 1, 0));
        rules.put(Scale.class, (l, n) -> unary(l, n, Kinema.KN_UNARY_SCALE, ((Scale) n.op()).factor(), ((Scale) n.op()).offset()));
        rules.put(Add.class, (l, n) -> chain(l, n, () -> binary(l, n, Kinema.KN_BINARY_ADD)));
        rules.put(Mul.class, (l, n) -> {
            if (!Updates.takeOver(l, n)) {
                binary(l, n, Kinema.KN_BINARY_MUL);
            }
        });
        rules.put(ReluGradient.class, (l, n) -> {
            if (!BatchNorms.takeOver(l, n)) {
                chain(l, n, () -> binary(l, n, Kinema.KN_BINARY_RELU_GRADIENT));
            }
        });
        rules.put(GeluGradient.class, (l, n) -> chain(l, n, () -> binary(l, n, ((GeluGradient) n.op()).form() == Gelu.Form.TANH
            ? Kinema.KN_BINARY_GELU_TANH_GRADIENT : Kinema.KN_BINARY_GELU_GRADIENT)));
        rules.put(Fill.class, Elementwise::fill);
        rules.put(Reshape.class, Elementwise::view);
        rules.put(StopGradient.class, Elementwise::view);
    }

    private static void unary(Lowering l, Node node, int operation, double alpha, double beta) {
        Buffer x = l.of(node.input(0));
        Buffer y = l.like(node.input(0), node.output(0));
        l.step("elementwise.unary", List.of(x), List.of(y), stream -> Kinema.kn_elementwise_unary(y.address(), x.address(), x.elements(),
            operation, (float) alpha, (float) beta, x.code(), stream));
    }

    private static void binary(Lowering l, Node node, int operation) {
        Value left = node.input(0);
        Buffer a = l.of(left);
        Buffer b = l.of(node.input(1), a.dtype());
        Buffer y = l.like(left, node.output(0));
        l.step("elementwise.binary", List.of(a, b), List.of(y), stream -> Kinema.kn_elementwise_binary(y.address(), a.address(), b.address(),
            a.elements(), b.elements(), operation, a.code(), stream));
    }

    /** The node with the neighbours that can join it; {@code alone} where there are none, and one type is enough. */
    static void chain(Lowering l, Node node, Runnable alone) {
        Chain start = Chain.of(l, node);
        Chain c = start == null ? null : start.extended(l, node);
        Value first = node.input(0);
        if (c == null || c.length() == 1 && isOfOneType(l, l.of(first), c)) {
            alone.run();
            return;
        }
        Buffer x = l.of(first);
        Buffer other = c.other() == null ? null : l.of(c.other());
        Buffer random = c.random() == null ? null : l.of(c.random());
        DType dtype = l.isRounded(c.last()) ? l.compute() : x.dtype();
        boolean overOther = other != null && other.dtype() == dtype && !(x.dtype() == dtype && l.dies(first));
        Buffer y = l.like(overOther ? c.other() : first, c.last(), dtype);
        List<Buffer> reads = new ArrayList<>(List.of(x));
        reads.addAll(c.reads(l));
        l.step("elementwise.chain " + c.suffix().substring(1), reads, List.of(y), stream -> Kinema.kn_elementwise_chain(y.address(),
            x.address(), VendorStep.address(random), VendorStep.address(other), x.elements(), c.activation(), c.p(),
            c.salt(), c.operation(), y.code(), x.code(), other == null ? x.code() : other.code(), stream));
    }

    private static boolean isOfOneType(Lowering l, Buffer x, Chain c) {
        return (c.other() == null || l.of(c.other()).dtype() == x.dtype()) && (x.dtype() == l.compute() || !l.isRounded(c.last()));
    }

    private static void fill(Lowering l, Node node) {
        float value = (float) ((Fill) node.op()).value();
        Buffer y = l.define(node.output(0));
        l.step("elementwise.fill", List.of(), List.of(y),
            stream -> Kinema.kn_elementwise_fill(y.address(), y.elements(), value, y.code(), stream));
    }

    private static void view(Lowering l, Node node) {
        l.view(node.input(0), node.output(0));
    }

    /** A step that stores a value in another type. */
    static void convert(Lowering l, Buffer from, Buffer to) {
        l.step("elementwise.convert", List.of(from), List.of(to), stream -> Kinema.kn_elementwise_convert(to.address(), from.address(),
            from.elements(), to.code(), from.code(), stream));
    }
}
