package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Node;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta with given statistics: x [..., C], gamma, beta, mean and variance [C]. */
public record BatchNormInference(double epsilon) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 5);
        Require.floats(this, in);
        BatchNorm.check(this, in.get(0), in.subList(1, 5));
        return List.of(in.get(0));
    }

    @Override
    public Value[] gradient(Backward b) {
        Require.that(this, !b.needs(3) && !b.needs(4), "statistics that are differentiated for need BatchNorm with the batch's own");
        Node node = b.graph().append(new BatchNormGradient(epsilon, false),
            List.of(b.grad(), b.in(0), b.in(1), b.in(3), b.in(4)));
        return new Value[] {node.output(0), node.output(1), node.output(2), null, null};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 2 * out.get(0).shape().elements();
    }
}
