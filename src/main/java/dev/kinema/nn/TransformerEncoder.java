package dev.kinema.nn;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * A stack of encoder layers {@code layers.0} and so on, with a last layer norm {@code norm} where {@code finalNorm}: the names of
 * PyTorch's TransformerEncoder.
 */
public record TransformerEncoder(TransformerLayer layer, int layers, boolean finalNorm) {

    /** [B, S, D] to [B, S, D]; {@code padding} as for {@link TransformerLayer#encode}. */
    public Value apply(Pass pass, Value x, Value padding, boolean causal) {
        Value y = x;
        for (int i = 0; i < layers; i++) {
            try (Graph.Scope scope = pass.graph().scope("layer" + i)) {
                y = layer.encode(pass.at("layers." + i), y, padding, causal);
            }
        }
        return normalised(pass, y);
    }

    /**
     * One token x [B, 1, D] more, as for {@link TransformerLayer#next}: what {@link #apply}, causal, computes for the last token.
     *
     * @param past keys and values [B, P, D] in each layer
     */
    public NextToken next(Pass pass, Value x, List<KeysValues> past, Value padding) {
        Value y = x;
        List<KeysValues> added = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            try (Graph.Scope scope = pass.graph().scope("layer" + i)) {
                NextToken next = layer.next(pass.at("layers." + i), y, past.get(i), padding);
                added.addAll(next.added());
                y = next.y();
            }
        }
        return new NextToken(normalised(pass, y), added);
    }

    private Value normalised(Pass pass, Value y) {
        return finalNorm ? new LayerNorm(layer.epsilon()).apply(pass.at("norm"), y) : y;
    }
}
