package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;
import java.util.stream.IntStream;

/** Sum or mean over {@code axes} (ascending), which disappear. */
public record Reduce(Kind kind, List<Integer> axes) implements Op {
    /** What is done over the axes. */
    public enum Kind { SUM, MEAN }

    public Reduce {
        axes = List.copyOf(axes);
    }

    public static Value sum(Value x, Integer... axes) {
        return x.graph().add(new Reduce(Kind.SUM, List.of(axes)), x);
    }

    public static Value mean(Value x, Integer... axes) {
        return x.graph().add(new Reduce(Kind.MEAN, List.of(axes)), x);
    }

    /** Sum over the leading axes that {@code x} has more than {@code shape}; {@code x} itself where there are none. */
    public static Value leading(Value x, Shape shape) {
        int extra = x.shape().rank() - shape.rank();
        return extra == 0 ? x : sum(x, IntStream.range(0, extra).boxed().toArray(Integer[]::new));
    }

    /** {@code shape} without the axes. */
    static Shape remaining(Op op, Shape shape, List<Integer> axes) {
        int previous = -1;
        for (int a : axes) {
            Require.that(op, a > previous && a < shape.rank(), "axes must be ascending and inside " + shape + ", got " + axes);
            previous = a;
        }
        return Shape.of(IntStream.range(0, shape.rank()).filter(a -> !axes.contains(a)).map(shape::dim).toArray());
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        return List.of(Type.f32(remaining(this, in.get(0).shape(), axes)));
    }

    @Override
    public Value[] gradient(Backward b) {
        Shape x = b.in(0).shape();
        Value dy = kind == Kind.SUM ? b.grad() : Scale.of(b.grad(), (double) b.grad().shape().elements() / x.elements());
        return new Value[] {b.graph().add(new Broadcast(x, axes), dy)};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return in.get(0).shape().elements();
    }
}
