package dev.kinema.bench;

import dev.kinema.graph.Permutation;
import dev.kinema.graph.Philox;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Takes samples of several contenders in turns, in another order each round: a machine whose speed drifts slows all of them, and nobody
 * always follows the same neighbour. A sample begins when the threads of the one before have gone to sleep ({@link QuietClock#settle}).
 *
 * @param rounds samples of each
 * @param warmUpSeconds runs before the first sample, two at least; 0 for none at all
 * @param leastSeconds of a sample: short runs are repeated within it
 */
record Sampler(int rounds, double warmUpSeconds, double leastSeconds, QuietClock clock) {
    /** So long that what a clock and a loop cost around runs is below a thousandth, so short that a round passes quickly. */
    private static final double LEAST = 0.02;
    private static final double WARM_UP = 0.5;
    private static final int MOST_REPEATS = 1_000_000;
    private static final long ORDER = 0x0DE;

    /** Samples as they are reported. */
    static Sampler of(int rounds, QuietClock clock) {
        return new Sampler(rounds, WARM_UP, LEAST, clock);
    }

    /** One run of each, to see that they run. */
    static Sampler once(QuietClock clock) {
        return new Sampler(1, 0, 0, clock);
    }

    /**
     * @param contenders each runs once and tells the seconds that count
     * @return samples of each, in their order
     */
    List<Samples> take(List<DoubleSupplier> contenders) {
        int[] repeats = contenders.stream().mapToInt(this::repeats).toArray();
        List<List<Double>> samples = contenders.stream().map(c -> (List<Double>) new ArrayList<Double>()).toList();
        // alone too: a time is to mean the same beside others and without them
        boolean settles = warmUpSeconds > 0;
        for (int round = 0; round < rounds; round++) {
            for (int i : Permutation.of(new Philox(ORDER, round, 0), contenders.size())) {
                if (settles) {
                    clock.settle();
                }
                samples.get(i).add(clock.seconds(() -> mean(contenders.get(i), repeats[i])));
            }
        }
        return samples.stream().map(Samples::new).toList();
    }

    private int repeats(DoubleSupplier contender) {
        if (warmUpSeconds == 0) {
            return 1;
        }
        long begun = System.nanoTime();
        double last = 0;
        for (int runs = 0; runs < 2 || (System.nanoTime() - begun) * 1e-9 < warmUpSeconds; runs++) {
            last = contender.getAsDouble();
        }
        return (int) Math.max(1, Math.min(MOST_REPEATS, Math.ceil(leastSeconds / Math.max(last, 1e-9))));
    }

    private static double mean(DoubleSupplier contender, int repeats) {
        double sum = 0;
        for (int i = 0; i < repeats; i++) {
            sum += contender.getAsDouble();
        }
        return sum / repeats;
    }
}
