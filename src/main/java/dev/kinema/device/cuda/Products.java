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
import java.util.Optional;

/**
 * Linear layers and matrix products: operands in the program's precision, sums in float32, activations on the sums. A library may do them.
 */
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
        Product product = new Product(1, y.shape().rows(), weight.dim(0), weight.dim(1), false, true, op.bias(),
            activation(op.activation()), x.dtype(), y.dtype());
        step(l, node, suffix(op), product, y, x, w, bias);
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
        Product product = new Product(a.product(0, a.rank() - 2), y.shape().dim(-2), y.shape().last(), a.dim(op.transposeA() ? -2 : -1),
            op.transposeA(), op.transposeB(), false, Kinema.KN_ACTIVATION_NONE, left.dtype(), y.dtype());
        step(l, node, "", product, y, left, right, null);
    }

    /** In float32, but rounded at once where every reader would round it: the same numbers, half the bytes. */
    private static Buffer result(Lowering l, Value y) {
        return l.define(y, l.isOperand(y) ? l.compute() : DType.F32);
    }

    /** @param bias may be null */
    private static void step(Lowering l, Node node, String suffix, Product p, Buffer y, Buffer a, Buffer b, Buffer bias) {
        Optional<VendorLibrary.Way> way = l.vendor().wayOf(p);
        if (way.isPresent()) {
            VendorStep.append(l, node, suffix, way.get(), y, a, b, bias, null);
            return;
        }
        l.step("matmul" + suffix, bias == null ? List.of(a, b) : List.of(a, b, bias), List.of(y),
            stream -> p.run(y.address(), a.address(), b.address(), VendorStep.address(bias), 0, 0, stream));
    }
}
