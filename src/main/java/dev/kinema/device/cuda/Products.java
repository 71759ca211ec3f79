package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Linear layers and matrix products: operands in the program's precision, sums in float32, and what follows done to the sums. A library may
 * do them: where there is a choice, those that nothing follows but what the library does too; where it always does them, the rest of what
 * follows is a step of its own.
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
        Shape y = node.output(0).shape();
        Product product = new Product(1, y.rows(), weight.dim(0), weight.dim(1), false, true, op.bias(), activation(op.activation()),
            x.dtype(), resultType(l, node.output(0)));
        step(l, node, product, x, w, bias);
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
        Shape y = node.output(0).shape();
        Product product = new Product(a.product(0, a.rank() - 2), y.dim(-2), y.last(), a.dim(op.transposeA() ? -2 : -1), op.transposeA(),
            op.transposeB(), false, Kinema.KN_ACTIVATION_NONE, left.dtype(), resultType(l, node.output(0)));
        step(l, node, product, left, right, null);
    }

    /** Float32, but rounded at once where every reader would round it: half the bytes. */
    private static DType resultType(Lowering l, Value y) {
        return l.isRounded(y) ? l.compute() : DType.F32;
    }

    /** @param bias may be null */
    private static void step(Lowering l, Node node, Product p, Buffer a, Buffer b, Buffer bias) {
        if (l.vendor().isAlways() && isByLibrary(l, node, p, a, b, bias)) {
            return;
        }
        Chain chain = Chain.after(l, node, p.activation());
        if (chain.length() > 0) {
            chain(l, chain, p, a, b, bias);
            return;
        }
        if (isByLibrary(l, node, p, a, b, bias)) {
            return;
        }
        Buffer y = l.define(node.output(0), p.result());
        l.step("matmul" + suffix(bias, chain), reads(a, b, bias), List.of(y),
            stream -> p.run(y.address(), a.address(), b.address(), VendorStep.address(bias), 0, 0, stream));
    }

    /** Appends the step of a library, if one is to do the product; whether it did. */
    private static boolean isByLibrary(Lowering l, Node node, Product p, Buffer a, Buffer b, Buffer bias) {
        Optional<VendorLibrary.Way> way = l.vendor().wayOf(p);
        way.ifPresent(w -> VendorStep.append(l, node, (bias == null ? "" : "+bias") + Chain.suffix(p.activation()), w,
            l.define(node.output(0), p.result()), a, b, bias, null));
        return way.isPresent();
    }

    private static String suffix(Buffer bias, Chain chain) {
        return (bias == null ? "" : "+bias") + chain.suffix();
    }

    private static List<Buffer> reads(Buffer a, Buffer b, Buffer bias) {
        return new ArrayList<>(bias == null ? List.of(a, b) : List.of(a, b, bias));
    }

    /**
     * With what follows done to the sums. What GELU's gradient reads is stored by the same kernel: to compute it again would take the
     * whole product, of hundreds of operations an element, to save a write and a read of it.
     */
    private static void chain(Lowering l, Chain c, Product p, Buffer a, Buffer b, Buffer bias) {
        Buffer other = c.other() == null ? null : l.of(c.other());
        Buffer random = c.random() == null ? null : l.of(c.random());
        DType dtype = resultType(l, c.last());
        Buffer before = c.before() == null ? null : l.define(c.before(), resultType(l, c.before()));
        Buffer y = other == null ? l.define(c.last(), dtype) : l.like(c.other(), c.last(), dtype);
        List<Buffer> reads = reads(a, b, bias);
        reads.addAll(c.reads(l));
        l.step("matmul" + suffix(bias, c), reads, before == null ? List.of(y) : List.of(y, before), stream -> Kinema.kn_matmul_chain(
            y.address(), VendorStep.address(before), a.address(), b.address(), VendorStep.address(bias), VendorStep.address(random),
            VendorStep.address(other), p.batch(), p.m(), p.n(), p.k(), p.transposeA() ? 1 : 0, p.transposeB() ? 1 : 0, c.activation(), c.p(),
            c.salt(), c.operation(), y.code(), before == null ? y.code() : before.code(), other == null ? y.code() : other.code(),
            Buffer.code(p.operands()), stream));
    }
}
