package dev.kinema.nn;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import java.util.ArrayList;
import java.util.List;

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
        return normalised(pass, y);
    }

    /** Keys and values of memory [B, Sk, D] in each layer, for {@link #next}. */
    public List<KeysValues> project(Pass pass, Value memory) {
        List<KeysValues> projected = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            projected.add(layer.project(pass.at("layers." + i), memory));
        }
        return projected;
    }

    /**
     * One token x [B, 1, D] more, as for {@link TransformerLayer#next}.
     *
     * @param past keys and values [B, P, D] in each layer
     * @param memory of {@link #project}
     */
    public NextToken next(Pass pass, Value x, List<KeysValues> past, Value padding, List<KeysValues> memory, Value memoryPadding) {
        Value y = x;
        List<KeysValues> added = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            try (Graph.Scope scope = pass.graph().scope("layer" + i)) {
                NextToken next = layer.next(pass.at("layers." + i), y, past.get(i), padding, memory.get(i), memoryPadding);
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
