package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.Op;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Linear layers and matrix products: operands in the program's precision, sums in float32, activations on the sums. */
final class Products {
    private Products() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Linear.class, Products::linear);
        rules.put(MatMul.class, Products::product);
    }

    private static void linear(Lowering l, Node node) {
        Linear op = (Linear) node.op();
        Shape weight = node.input(1).shape();
        Buffer x = l.of(node.input(0), l.compute());
        Buffer w = l.of(node.input(1), l.compute());
        Buffer bias = op.bias() ? l.of(node.input(2), DType.F32) : null;
        Buffer y = result(l, node.output(0));
        Form form = new Form(1, y.shape().rows(), weight.dim(0), weight.dim(1), false, true, activation(op.activation()));
        step(l, "matmul" + suffix(op), form, y, x, w, bias);
    }

    private static String suffix(Linear op) {
        return (op.bias() ? "+bias" : "")
            + (op.activation() == Linear.Activation.NONE ? "" : "+" + op.activation().name().toLowerCase(Locale.ROOT));
    }

    private static int activation(Linear.Activation activation) {
        return switch (activation) {
            case NONE -> Kinema.KN_ACTIVATION_NONE;
            case RELU -> Kinema.KN_ACTIVATION_RELU;
            case GELU -> Kinema.KN_ACTIVATION_GELU;
            case GELU_TANH -> Kinema.KN_ACTIVATION_GELU_TANH;
        };
    }

    private static void product(Lowering l, Node node) {
        MatMul op = (MatMul) node.op();
        Shape a = node.input(0).shape();
        Buffer left = l.of(node.input(0), l.compute());
        Buffer right = l.of(node.input(1), l.compute());
        Buffer y = result(l, node.output(0));
        Form form = new Form(a.product(0, a.rank() - 2), y.shape().dim(-2), y.shape().last(), a.dim(op.transposeA() ? -2 : -1),
            op.transposeA(), op.transposeB(), Kinema.KN_ACTIVATION_NONE);
        step(l, "matmul", form, y, left, right, null);
    }

    /** In float32, but rounded at once where every reader would round it: the same numbers, half the bytes. */
    private static Buffer result(Lowering l, Value y) {
        return l.define(y, l.isOperand(y) ? l.compute() : DType.F32);
    }

    /** Sizes and form of a product, as {@code kn_matmul_multiply} takes them. */
    private record Form(long batch, long m, long n, long k, boolean transposeA, boolean transposeB, int activation) {}

    /** @param bias may be null */
    private static void step(Lowering l, String what, Form f, Buffer y, Buffer a, Buffer b, Buffer bias) {
        l.step(what, bias == null ? List.of(a, b) : List.of(a, b, bias), List.of(y),
            stream -> Kinema.kn_matmul_multiply(y.address(), a.address(), b.address(), bias == null ? 0 : bias.address(), 0, f.batch(),
                f.m(), f.n(), f.k(), f.transposeA() ? 1 : 0, f.transposeB() ? 1 : 0, f.activation(), y.code(), a.code(), stream));
    }
}
