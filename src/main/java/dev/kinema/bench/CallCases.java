package dev.kinema.bench;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Linear;
import java.util.List;
import java.util.Set;

/** What a call into native code costs: programs whose arithmetic is next to nothing. */
final class CallCases {
    private static final String SUITE = "call";
    private static final int WIDTH = 16;
    private static final int DEPTH = 100;
    /** Rounding to bf16 adds up over a hundred layers. */
    private static final int FEW = 4;

    private CallCases() {}

    static List<Case> all() {
        return List.of(new GraphCase(SUITE, "one-kernel", Set.of(), setting -> chain(1)),
            new GraphCase(SUITE, DEPTH + "-kernels", Set.of(), setting -> chain(setting.smallest() ? FEW : DEPTH)));
    }

    /** Linear layers in a row, one row of 16 numbers each: their difference per layer is the cost of one more call. */
    private static Subject chain(int layers) {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, WIDTH));
        for (int i = 0; i < layers; i++) {
            // near identity in its spread, so that a hundred layers neither vanish nor grow
            Value weight = graph.parameter("weight" + i, Shape.of(WIDTH, WIDTH), new Initializer.Normal(1 / Math.sqrt(WIDTH)));
            x = Linear.of(x, weight, null);
        }
        graph.output("y", x);
        return new Subject(graph);
    }
}
