package dev.kinema.finetune;

import dev.kinema.KinemaException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A score over the runs of a task, as it is computed; tables have 100 times as much.
 *
 * @param name as the paper's tables have it
 * @param values one for each run
 * @param mean of them
 * @param standardError of the mean: the sample's standard deviation, divided by the root of the number of runs. Empty for one run
 */
public record ScoreColumn(String name, List<Double> values, double mean, Optional<Double> standardError) {
    /** In units of the largest value: what is further off was not computed from the values. */
    private static final double ROUNDING = 1e-9;

    /** What is read from a file is held against itself. */
    public ScoreColumn {
        values = List.copyOf(values);
        if (values.isEmpty() || values.stream().anyMatch(value -> !Double.isFinite(value))) {
            throw new KinemaException("values of " + name + " is " + values + ": it must have a finite number for each run");
        }
        if (standardError.isPresent() != values.size() > 1) {
            throw new KinemaException("standard_error of " + name + (values.size() > 1 ? " is missing" : " is given for one run")
                + ": there is one where there are two runs or more");
        }
        require("mean", name, mean, mean(values), values);
        if (standardError.isPresent()) {
            require("standard_error", name, standardError.get(), standardError(values), values);
        }
    }

    private static void require(String what, String name, double given, double computed, List<Double> values) {
        double largest = values.stream().mapToDouble(Math::abs).max().orElseThrow();
        if (!(Math.abs(given - computed) <= ROUNDING * largest)) {
            throw new KinemaException(what + " of " + name + " is " + given + ", but that of its values is " + computed
                + ": the file was changed by hand, run the configuration again");
        }
    }

    static ScoreColumn of(String name, List<Double> values) {
        return new ScoreColumn(name, values, mean(values), values.size() > 1 ? Optional.of(standardError(values)) : Optional.empty());
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }

    private static double standardError(List<Double> values) {
        double mean = mean(values);
        double squares = values.stream().mapToDouble(value -> (value - mean) * (value - mean)).sum();
        return Math.sqrt(squares / (values.size() - 1) / values.size());
    }

    /** As tables have it: 100 times the mean, and of several runs its standard error. */
    String percent() {
        return percent(mean) + standardError.map(error -> " ± " + percent(error)).orElse("");
    }

    /** 100 times a score, with two decimals. */
    static String percent(double score) {
        return String.format(Locale.ROOT, "%.2f", 100 * score);
    }
}
