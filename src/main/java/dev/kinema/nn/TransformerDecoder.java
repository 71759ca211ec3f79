package dev.kinema.nn;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;

/** A stack of decoder layers, named as {@link TransformerEncoder}. Position i sees positions up to i of its own sequence. */
public record TransformerDecoder(TransformerLayer layer, int layers, boolean finalNorm) {

    /** x [B, Sq, D] and memory [B, Sk, D] to [B, Sq, D]; the paddings as for {@link TransformerLayer#decode}. */
    public Value apply(Pass pass, Value x, Value memory, Value padding, Value memoryPadding) {
        Value y = x;
        for (int i = 0; i < layers; i++) {
            try (Graph.Scope scope = pass.graph().scope("layer" + i)) {
                y = layer.decode(pass.at("layers." + i), y, memory, padding, memoryPadding, true);
            }
        }
        return finalNorm ? new LayerNorm(layer.epsilon()).apply(pass.at("norm"), y) : y;
    }
}
