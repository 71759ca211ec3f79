package dev.kinema.nn;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;

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
        return finalNorm ? new LayerNorm(layer.epsilon()).apply(pass.at("norm"), y) : y;
    }
}
