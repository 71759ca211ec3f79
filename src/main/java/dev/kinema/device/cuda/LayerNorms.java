package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.LayerNormGradient;
import dev.kinema.graph.op.Op;
import java.util.List;
import java.util.Map;

/** Layer norm in the type its operand is stored in, or that in which products read it; statistics and parameters in F32. */
final class LayerNorms {
    private LayerNorms() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(LayerNorm.class, LayerNorms::forward);
        rules.put(LayerNormGradient.class, LayerNorms::gradient);
    }

    private static void forward(Lowering l, Node node) {
        float epsilon = (float) ((LayerNorm) node.op()).epsilon();
        Buffer x = l.of(node.input(0));
        Buffer gamma = l.of(node.input(1), DType.F32);
        Buffer beta = l.of(node.input(2), DType.F32);
        // rounded at once where products read it, instead of by a conversion of its own
        DType dtype = x.dtype() == DType.F32 && l.isRounded(node.output(0)) ? l.compute() : x.dtype();
        Buffer y = l.like(node.input(0), node.output(0), dtype);
        Buffer mean = l.define(node.output(1));
        Buffer variance = l.define(node.output(2));
        l.step("layernorm.forward", List.of(x, gamma, beta), List.of(y, mean, variance),
            stream -> Kinema.kn_layernorm_forward(y.address(), mean.address(), variance.address(), x.address(), gamma.address(),
                beta.address(), mean.elements(), x.shape().last(), epsilon, y.code(), x.code(), stream));
    }

    private static void gradient(Lowering l, Node node) {
        float epsilon = (float) ((LayerNormGradient) node.op()).epsilon();
        Buffer x = l.of(node.input(1));
        Buffer dy = l.of(node.input(0), x.dtype());
        Buffer gamma = l.of(node.input(2), DType.F32);
        Buffer mean = l.of(node.input(3), DType.F32);
        Buffer variance = l.of(node.input(4), DType.F32);
        long rows = mean.elements();
        int width = x.shape().last();
        Buffer scratch = l.scratch(Kinema.kn_layernorm_gradient_workspace(rows, width, x.code()), "sums of parts");
        Buffer dx = l.like(node.input(0), node.output(0), x.dtype());
        Buffer dgamma = l.define(node.output(1));
        Buffer dbeta = l.define(node.output(2));
        l.step("layernorm.gradient", List.of(dy, x, gamma, mean, variance), List.of(dx, dgamma, dbeta, scratch),
            stream -> Kinema.kn_layernorm_gradient(dx.address(), dgamma.address(), dbeta.address(), dy.address(), x.address(),
                gamma.address(), mean.address(), variance.address(), rows, width, epsilon, x.code(), scratch.address(), stream));
    }
}
