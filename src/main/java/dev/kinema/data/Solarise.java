package dev.kinema.data;

import java.util.List;

/**
 * Random solarisation: values of at least the threshold are inverted, v to 1 - v.
 *
 * @param probability of each clip of a film in turn; the last one holds for further clips
 * @param threshold between 0 and 1
 */
public record Solarise(List<Double> probability, double threshold) {
    /** Checks the numbers. */
    public Solarise {
        probability = List.copyOf(probability);
        Range.probabilities("probability", probability);
        Range.of("threshold", List.of(threshold, threshold), 0, 1);
    }
}
