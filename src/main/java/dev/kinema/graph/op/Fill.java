package dev.kinema.graph.op;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Every element is {@code value}. */
public record Fill(Shape shape, double value) implements Op {
    public static Value of(Graph graph, Shape shape, double value) {
        return graph.add(new Fill(shape, value));
    }

    public static Value scalar(Graph graph, double value) {
        return of(graph, Shape.SCALAR, value);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 0);
        return List.of(Type.f32(shape));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
