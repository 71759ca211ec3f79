package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;
import java.util.stream.IntStream;

/** Axis i of the output is axis {@code order[i]} of x. */
public record Transpose(List<Integer> order) implements Op {
    public Transpose {
        order = List.copyOf(order);
    }

    public static Value of(Value x, Integer... order) {
        return x.graph().add(new Transpose(List.of(order)), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Shape x = in.get(0).shape();
        List<Integer> sorted = order.stream().sorted().toList();
        Require.that(this, sorted.equals(IntStream.range(0, x.rank()).boxed().toList()), order + " is not an order of the axes of " + x);
        return List.of(Type.f32(Shape.of(order.stream().mapToInt(x::dim).toArray())));
    }

    @Override
    public Value[] gradient(Backward b) {
        Integer[] inverse = new Integer[order.size()];
        for (int i = 0; i < inverse.length; i++) {
            inverse[order.get(i)] = i;
        }
        return new Value[] {of(b.grad(), inverse)};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
