package dev.kinema.pretrain;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Slice;
import dev.kinema.model.Contextualizer;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.List;

/** How far the contextualizer's output for an event moves when the event is hidden, without dropout: N + 1 forward passes. */
final class DiscrepancyGraph {
    static final String DISCREPANCY = "discrepancy";

    private DiscrepancyGraph() {}

    /** Input {@code mask_t} uint8 [B, N], for every event t; to be filled with 1 at t once. */
    static String mask(int event) {
        return "mask_" + event;
    }

    /** Appends output {@code discrepancy} [B, N] for input {@code features} [B, N, C]: squared distances. */
    static void append(Graph graph, Contextualizer network, int batch, int tokens) {
        Value features = graph.input(MaskPrediction.FEATURES, DType.F32, Shape.of(batch, tokens, network.config().inputWidth()));
        Pass pass = Pass.eval(graph).at(MaskPrediction.NETWORK);
        Value seen = network.tokens(pass, features);
        Value whole = network.encode(pass, seen, null);
        List<Value> distances = new ArrayList<>();
        for (int t = 0; t < tokens; t++) {
            Value mask = graph.input(mask(t), DType.U8, Shape.of(batch, tokens));
            Value hidden = network.encode(pass, network.masked(pass, seen, mask), null);
            Value difference = Add.of(Slice.of(hidden, 1, t, 1), Scale.of(Slice.of(whole, 1, t, 1), -1));
            Value flat = Reshape.of(difference, Shape.of(batch, difference.shape().last()));
            distances.add(Reshape.of(Reduce.sum(Mul.of(flat, flat), 1), Shape.of(batch, 1)));
        }
        graph.output(DISCREPANCY, Concat.of(1, distances.toArray(Value[]::new)));
    }
}
