package dev.kinema.bench;

import dev.kinema.graph.Value;
import java.util.Map;
import java.util.Optional;

/**
 * What of a graph is a derivative, for engines that differentiate in their own way.
 *
 * @param of a scalar, which is computed along with its derivatives; or any value, where the way back from it alone is in question
 * @param arriving the input that is the gradient of {@code of}; empty for a scalar
 * @param by what it is differentiated by, by the names of the outputs that are the gradients
 */
public record Derivative(Value of, Optional<Value> arriving, Map<String, Value> by) {}
