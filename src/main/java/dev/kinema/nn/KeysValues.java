package dev.kinema.nn;

import dev.kinema.graph.Value;

/** What attention reads from: the projected keys and values of a sequence, both [B, S, D]. */
public record KeysValues(Value keys, Value values) {}
