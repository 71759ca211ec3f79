package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Node;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * InfoNCE with in-batch negatives, both ways (CVRL, arXiv:2008.03800; the released loss of tensorflow/models, projects/video_ssl): a and b
 * [N, D] are two views of N films. Row i of a classifies b_i among b_i, all other b and all other a (2N - 1 classes); the same from b; the
 * loss is the sum of the two means. Outputs: loss [] and the log-sums [2, N].
 */
public record InBatchInfoNce(double temperature) implements Op {
    public static Node of(Value a, Value b, double temperature) {
        return a.graph().append(new InBatchInfoNce(temperature), List.of(a, b));
    }

    static void check(Op op, double temperature, Type a, Type b) {
        Require.rank(op, "a", a, 2);
        Require.shape(op, "b", b, a.shape());
        Require.that(op, temperature > 0, "the temperature must be positive, got " + temperature);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        check(this, temperature, in.get(0), in.get(1));
        return List.of(Type.f32(), Type.f32(2, in.get(0).shape().dim(0)));
    }

    @Override
    public Value[] gradient(Backward b) {
        Node node = b.graph().append(new InBatchInfoNceGradient(temperature), List.of(b.grad(), b.in(0), b.in(1), b.out(1)));
        return new Value[] {node.output(0), node.output(1)};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 8 * in.get(0).shape().elements() * in.get(0).shape().dim(0);
    }
}
