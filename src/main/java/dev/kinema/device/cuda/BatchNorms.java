package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.BatchNormGradient;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.FoldBatchNorm;
import dev.kinema.graph.op.Op;
import java.util.List;
import java.util.Map;

/** Batch norm: video in the type of computation, other values as they are stored; statistics and parameters in F32. */
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

    private static void forward(Lowering l, Node node) {
        float epsilon = (float) ((BatchNorm) node.op()).epsilon();
        Buffer x = l.of(node.input(0), dtype(l, node.input(0)));
        Buffer gamma = l.of(node.input(1), DType.F32);
        Buffer beta = l.of(node.input(2), DType.F32);
        long rows = rows(x);
        int channels = x.shape().last();
        Buffer scratch = l.scratch(Kinema.kn_batchnorm_forward_workspace(rows, channels, x.code()), "statistics of parts");
        Buffer y = l.like(node.input(0), node.output(0), x.dtype());
        Buffer mean = l.define(node.output(1));
        Buffer variance = l.define(node.output(2));
        l.step("batchnorm.forward", List.of(x, gamma, beta), List.of(y, mean, variance, scratch),
            stream -> Kinema.kn_batchnorm_forward(y.address(), mean.address(), variance.address(), x.address(), gamma.address(),
                beta.address(), rows, channels, epsilon, x.code(), scratch.address(), stream));
    }

    private static void inference(Lowering l, Node node) {
        float epsilon = (float) ((BatchNormInference) node.op()).epsilon();
        Buffer x = l.of(node.input(0), dtype(l, node.input(0)));
        Buffer gamma = l.of(node.input(1), DType.F32);
        Buffer beta = l.of(node.input(2), DType.F32);
        Buffer mean = l.of(node.input(3), DType.F32);
        Buffer variance = l.of(node.input(4), DType.F32);
        Buffer y = l.like(node.input(0), node.output(0), x.dtype());
        l.step("batchnorm.inference", List.of(x, gamma, beta, mean, variance), List.of(y),
            stream -> Kinema.kn_batchnorm_inference(y.address(), x.address(), gamma.address(), beta.address(), mean.address(),
                variance.address(), rows(x), x.shape().last(), epsilon, x.code(), stream));
    }

    private static void gradient(Lowering l, Node node) {
        BatchNormGradient op = (BatchNormGradient) node.op();
        Buffer x = l.of(node.input(1), dtype(l, node.input(1)));
        Buffer dy = l.of(node.input(0), x.dtype());
        Buffer gamma = l.of(node.input(2), DType.F32);
        Buffer mean = l.of(node.input(3), DType.F32);
        Buffer variance = l.of(node.input(4), DType.F32);
        long rows = rows(x);
        int channels = x.shape().last();
        Buffer scratch = l.scratch(Kinema.kn_batchnorm_gradient_workspace(rows, channels, x.code()), "sums of parts");
        Buffer dx = l.like(node.input(0), node.output(0), x.dtype());
        Buffer dgamma = l.define(node.output(1));
        Buffer dbeta = l.define(node.output(2));
        l.step("batchnorm.gradient", List.of(dy, x, gamma, mean, variance), List.of(dx, dgamma, dbeta, scratch),
            stream -> Kinema.kn_batchnorm_gradient(dx.address(), dgamma.address(), dbeta.address(), dy.address(), x.address(),
                gamma.address(), mean.address(), variance.address(), rows, channels, (float) op.epsilon(), op.batchStatistics() ? 1 : 0,
                x.code(), scratch.address(), stream));
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
