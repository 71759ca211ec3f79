package dev.kinema.nn;

import dev.kinema.graph.Value;
import java.util.List;

/**
 * What decoder layers make of one more token.
 *
 * @param y [B, 1, D], or what a head made of it
 * @param added keys and values [B, 1, D] of this token, one pair per layer, which the tokens after it attend to
 */
public record NextToken(Value y, List<KeysValues> added) {
    public NextToken {
        added = List.copyOf(added);
    }
}
