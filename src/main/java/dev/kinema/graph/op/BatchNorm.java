package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Batch norm with the statistics of the batch, over all axes but the last: x [..., C], gamma and beta [C]. Outputs y, and the mean and
 * biased variance [C] of the batch, which the layer averages into running statistics (PyTorch: those take the unbiased variance).
 */
public record BatchNorm(double epsilon) implements Op {
    static void check(Op op, Type x, List<Type> channels) {
        Require.minRank(op, "x", x, 2);
        for (Type c : channels) {
            Require.shape(op, "a per-channel input", c, Shape.of(x.shape().last()));
        }
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.floats(this, in);
        check(this, in.get(0), in.subList(1, 3));
        return List.of(in.get(0), in.get(1), in.get(1));
    }

    @Override
    public Value[] gradient(Backward b) {
        Node node = b.graph().append(new BatchNormGradient(epsilon, true),
            List.of(b.grad(), b.in(0), b.in(1), b.out(1), b.out(2)));
        return new Value[] {node.output(0), node.output(1), node.output(2)};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 7 * out.get(0).shape().elements();
    }
}
