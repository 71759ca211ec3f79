package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.BatchNormGradient;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.FoldBatchNorm;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Batch norm: video in the type of computation, other values as they are stored; statistics and parameters in F32. The sum and the ReLU that
 * follow it are done by its kernel, as is ReLU's gradient before its own.
 */
final class BatchNorms {
    private BatchNorms() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(BatchNorm.class, BatchNorms::forward);
        rules.put(BatchNormInference.class, BatchNorms::inference);
        rules.put(BatchNormGradient.class, BatchNorms::gradient);
        rules.put(FoldBatchNorm.class, BatchNorms::fold);
    }

    private static DType dtype(Lowering l, Value x) {
        return x.shape().rank() == 5 ? l.compute() : l.of(x).dtype();
    }

    private static long rows(Buffer x) {
        return x.elements() / Math.max(1, x.shape().last());
    }

    /**
     * What a batch norm's kernel does after it.
     *
     * @param residual what is added; null for nothing
     * @param last what comes out
     */
    private record Tail(Value residual, boolean relu, Value last) {}

    /** Takes the sum and the ReLU after a node's first output over, where nothing else reads what lies between. */
    private static Tail tail(Lowering l, Node node) {
        Value last = node.output(0);
        Value residual = null;
        Node next = l.soleReader(last);
        if (next != null && next.op() instanceof Add) {
            Value other = next.input(next.input(0) == last ? 1 : 0);
            if (other.shape().equals(last.shape()) && l.isMade(other)) {
                residual = other;
                last = next.output(0);
                l.absorb(next, node);
                next = l.soleReader(last);
            }
        }
        boolean relu = next != null && next.op() instanceof Relu;
        if (relu) {
            last = next.output(0);
            l.absorb(next, node);
        }
        return new Tail(residual, relu, last);
    }

    /** Memory for what comes out: that of x or of the residual where it dies. */
    private static Buffer result(Lowering l, Value x, Tail tail, DType dtype) {
        boolean residual = tail.residual() != null && !l.dies(x);
        return l.like(residual ? tail.residual() : x, tail.last(), dtype);
    }

    private static List<Buffer> read(Buffer residual, Buffer... others) {
        List<Buffer> all = new ArrayList<>(List.of(others));
        if (residual != null) {
            all.add(residual);
        }
        return all;
    }

    private static void forward(Lowering l, Node node) {
        float epsilon = (float) ((BatchNorm) node.op()).epsilon();
        Buffer x = l.of(node.input(0), dtype(l, node.input(0)));
        Buffer gamma = l.of(node.input(1), DType.F32);
        Buffer beta = l.of(node.input(2), DType.F32);
        long rows = rows(x);
        int channels = x.shape().last();
        Buffer scratch = l.scratch(Kinema.kn_batchnorm_forward_workspace(rows, channels, x.code()), "statistics of parts");
        Tail tail = tail(l, node);
        Buffer residual = tail.residual() == null ? null : l.of(tail.residual(), x.dtype());
        Buffer y = result(l, node.input(0), tail, x.dtype());
        Buffer mean = l.define(node.output(1));
        Buffer variance = l.define(node.output(2));
        l.step("batchnorm.forward" + name(tail), read(residual, x, gamma, beta), List.of(y, mean, variance, scratch),
            stream -> Kinema.kn_batchnorm_forward(y.address(), mean.address(), variance.address(), x.address(), gamma.address(),
                beta.address(), residual == null ? 0 : residual.address(), rows, channels, epsilon, tail.relu() ? 1 : 0, x.code(),
                scratch.address(), stream));
    }

    private static void inference(Lowering l, Node node) {
        float epsilon = (float) ((BatchNormInference) node.op()).epsilon();
        Buffer x = l.of(node.input(0), dtype(l, node.input(0)));
        Buffer gamma = l.of(node.input(1), DType.F32);
        Buffer beta = l.of(node.input(2), DType.F32);
        Buffer mean = l.of(node.input(3), DType.F32);
        Buffer variance = l.of(node.input(4), DType.F32);
        Tail tail = tail(l, node);
        Buffer residual = tail.residual() == null ? null : l.of(tail.residual(), x.dtype());
        Buffer y = result(l, node.input(0), tail, x.dtype());
        l.step("batchnorm.inference" + name(tail), read(residual, x, gamma, beta, mean, variance), List.of(y),
            stream -> Kinema.kn_batchnorm_inference(y.address(), x.address(), gamma.address(), beta.address(), mean.address(),
                variance.address(), residual == null ? 0 : residual.address(), rows(x), x.shape().last(), epsilon, tail.relu() ? 1 : 0,
                x.code(), stream));
    }

    private static String name(Tail tail) {
        return (tail.residual() == null ? "" : " + residual") + (tail.relu() ? ", relu" : "");
    }

    /**
     * Leaves the gradient of a ReLU that follows a batch norm to the gradient of that, where it alone reads it: its kernel finds in x where
     * ReLU's result was positive.
     *
     * @return whether it did, so that the node needs no step
     */
    static boolean takeOver(Lowering l, Node reluGradient) {
        Node reader = l.soleReader(reluGradient.output(0));
        Node norm = norm(reluGradient);
        if (reader == null || norm == null || !(reader.op() instanceof BatchNormGradient gradient)
            || reader.input(0) != reluGradient.output(0) || reader.input(1) != norm.input(0) || reader.input(2) != norm.input(1)
            || !l.staysUntil(reader, norm.input(2))) {
            return false;
        }
        boolean same = norm.op() instanceof BatchNorm batch
            ? gradient.epsilon() == batch.epsilon() && reader.input(3) == norm.output(1) && reader.input(4) == norm.output(2)
            : gradient.epsilon() == ((BatchNormInference) norm.op()).epsilon() && reader.input(3) == norm.input(3)
                && reader.input(4) == norm.input(4);
        if (same) {
            l.absorb(reluGradient, reader);
        }
        return same;
    }

    /** The batch norm whose result went through the ReLU that this is the gradient of; null where there is none. */
    private static Node norm(Node reluGradient) {
        Node relu = reluGradient.input(1).node();
        if (!(relu.op() instanceof Relu)) {
            return null;
        }
        Node norm = relu.input(0).node();
        boolean first = norm.op() instanceof BatchNorm || norm.op() instanceof BatchNormInference;
        return first && relu.input(0) == norm.output(0) ? norm : null;
    }

    private static void gradient(Lowering l, Node node) {
        BatchNormGradient op = (BatchNormGradient) node.op();
        Buffer x = l.of(node.input(1), dtype(l, node.input(1)));
        Node through = node.input(0).node();
        boolean rectified = through.op() instanceof ReluGradient && l.isAbsorbed(through, node);
        Value upstream = rectified ? through.input(0) : node.input(0);
        Buffer dy = l.of(upstream, x.dtype());
        Buffer beta = rectified ? l.of(norm(through).input(2), DType.F32) : null;
        Buffer gamma = l.of(node.input(2), DType.F32);
        Buffer mean = l.of(node.input(3), DType.F32);
        Buffer variance = l.of(node.input(4), DType.F32);
        long rows = rows(x);
        int channels = x.shape().last();
        Buffer scratch = l.scratch(Kinema.kn_batchnorm_gradient_workspace(rows, channels, x.code()), "sums of parts");
        Buffer dx = l.like(upstream, node.output(0), x.dtype());
        Buffer dgamma = l.define(node.output(1));
        Buffer dbeta = l.define(node.output(2));
        l.step("batchnorm.gradient" + (rectified ? " through relu" : ""), read(beta, dy, x, gamma, mean, variance),
            List.of(dx, dgamma, dbeta, scratch),
            stream -> Kinema.kn_batchnorm_gradient(dx.address(), dgamma.address(), dbeta.address(), dy.address(), x.address(),
                gamma.address(), beta == null ? 0 : beta.address(), mean.address(), variance.address(), rows, channels,
                (float) op.epsilon(), op.batchStatistics() ? 1 : 0, x.code(), scratch.address(), stream));
    }

    private static void fold(Lowering l, Node node) {
        float epsilon = (float) ((FoldBatchNorm) node.op()).epsilon();
        List<Buffer> in = node.inputs().stream().map(v -> l.of(v, DType.F32)).toList();
        Buffer weight = l.define(node.output(0));
        Buffer bias = l.define(node.output(1));
        long channels = bias.elements();
        long row = weight.elements() / Math.max(1, channels);
        l.step("batchnorm.fold", in, List.of(weight, bias), stream -> Kinema.kn_batchnorm_fold(weight.address(), bias.address(),
            in.get(0).address(), in.get(1).address(), in.get(2).address(), in.get(3).address(), in.get(4).address(), channels, row, epsilon,
            stream));
    }
}
