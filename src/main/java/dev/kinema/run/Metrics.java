package dev.kinema.run;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Numbers of one step, such as loss, learning_rate, gradient_norm, clips_per_second.
 *
 * @param values by name, in the order they are to be shown in; "loss" must be among them, and none is named as what {@link StepLog} adds
 */
public record Metrics(Map<String, Double> values) {
    public static final String LOSS = "loss";
    public static final String GRADIENT_NORM = "gradient_norm";
    /** Where these are not finite, neither are the weights, or soon: the run stops. */
    private static final List<String> CRITICAL = List.of(LOSS, GRADIENT_NORM);

    public Metrics {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        if (!values.containsKey(LOSS)) {
            throw new IllegalArgumentException("the metrics " + values.keySet() + " lack the loss");
        }
        if (!Collections.disjoint(values.keySet(), StepLog.OWN)) {
            throw new IllegalArgumentException("the metrics " + values.keySet() + " use one of the log's own names " + StepLog.OWN);
        }
    }

    public double loss() {
        return values.get(LOSS);
    }

    /** The first number that must be finite and is not. */
    Optional<NonFinite> nonFinite(long step) {
        return CRITICAL.stream().filter(name -> values.containsKey(name) && !Double.isFinite(values.get(name))).findFirst()
            .map(name -> new NonFinite(step, name, values.get(name)));
    }
}
