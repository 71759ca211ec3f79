package dev.kinema.nn;

import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gather;

/** Rows of a table by indices int32 of any shape: [...] to [..., width]. Variable {@code weight} [entries, width]. */
public record Embedding(int entries, int width, Initializer start) {

    /** The table itself, [entries, width]. */
    public Value table(Pass pass) {
        return pass.parameter("weight", Shape.of(entries, width), start);
    }

    public Value apply(Pass pass, Value indices) {
        return Gather.of(table(pass), indices, 0);
    }
}
