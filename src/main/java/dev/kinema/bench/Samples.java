package dev.kinema.bench;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Seconds of a run, measured several times.
 *
 * <p>Its noise is that of the median: 1.57 times the distance of the quartiles over the square root of how many samples there are, the
 * notches of McGill, Tukey and Larsen, "Variations of Box Plots", The American Statistician 32(1), 1978: where those of two medians do not
 * overlap, they differ with a confidence of some 95 %. It knows of what varies within a process only; see {@link Comparison} for the rest.
 *
 * @param seconds in the order they were taken, one at least
 */
public record Samples(List<Double> seconds) {
    private static final double NOTCH = 1.57;

    public Samples {
        seconds = List.copyOf(seconds);
        if (seconds.isEmpty()) {
            throw new IllegalArgumentException("no samples");
        }
    }

    public double median() {
        return quantile(seconds.stream().mapToDouble(s -> s), 0.5);
    }

    /** Half the width of the notch around the median, in seconds; 0 for one sample. */
    public double noise() {
        DoubleStream once = seconds.stream().mapToDouble(s -> s);
        DoubleStream again = seconds.stream().mapToDouble(s -> s);
        return NOTCH * (quantile(once, 0.75) - quantile(again, 0.25)) / Math.sqrt(seconds.size());
    }

    /** Of what was measured in the same rounds: the median of {@code other}'s seconds over these. */
    public double ratioOf(Samples other) {
        double[] ratios = new double[Math.min(seconds.size(), other.seconds.size())];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = other.seconds.get(i) / seconds.get(i);
        }
        return quantile(DoubleStream.of(ratios), 0.5);
    }

    /** Between two of the sorted numbers where it falls between them. */
    private static double quantile(DoubleStream numbers, double share) {
        double[] sorted = numbers.sorted().toArray();
        double place = share * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
