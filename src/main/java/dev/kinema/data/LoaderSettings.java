package dev.kinema.data;

/**
 * How a {@link ClipLoader} goes over its films.
 *
 * @param batch films per batch
 * @param batchesPerStep batches that make one step of the optimizer; with {@code dropLast} an epoch is a whole number of steps
 * @param dropLast whether films that do not fill a step are left out of the epoch; otherwise its last batch is smaller, for evaluation
 * @param epochs the loader stops before this epoch; {@link #FOREVER} not to stop
 * @param shuffle whether each epoch has an order of its own, or the list's
 * @param seed of all draws
 * @param threads that decode and augment; nothing but the speed depends on it
 * @param prefetch batches that wait ready at most, 1 or more; nothing but speed and memory depends on it
 * @param maxFailedShare share of the films, from 0 to 1, that may turn out undecodable before the loader gives up
 */
public record LoaderSettings(int batch, int batchesPerStep, boolean dropLast, long epochs, boolean shuffle, long seed, int threads,
        int prefetch, double maxFailedShare) {
    /** Epochs without end. */
    public static final long FOREVER = Long.MAX_VALUE;

    /** Checks the numbers. */
    public LoaderSettings {
        if (batch < 1 || batchesPerStep < 1 || epochs < 0 || threads < 1 || prefetch < 1 || !(maxFailedShare >= 0 && maxFailedShare <= 1)
                || (long) batch * batchesPerStep > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("batches of " + batch + " films, " + batchesPerStep + " a step, " + epochs + " epochs, "
                + threads + " threads, " + prefetch + " batches ahead, a share of " + maxFailedShare
                + " that may fail: all but the epochs must be 1 or more, and the share from 0 to 1");
        }
    }

    /** Training without end in random order, two batches ahead; one film in a hundred may fail. */
    public static LoaderSettings training(int batch, int batchesPerStep, long seed, int threads) {
        return new LoaderSettings(batch, batchesPerStep, true, FOREVER, true, seed, threads, 2, 0.01);
    }

    /** Every film once in the list's order, two batches ahead; one film in a hundred may fail. */
    public static LoaderSettings evaluation(int batch, int threads) {
        return new LoaderSettings(batch, 1, false, 1, false, 0, threads, 2, 0.01);
    }

    /** The same, but stopping before epoch {@code count}. */
    public LoaderSettings withEpochs(long count) {
        return new LoaderSettings(batch, batchesPerStep, dropLast, count, shuffle, seed, threads, prefetch, maxFailedShare);
    }

    /** The same with another share of films that may fail. */
    public LoaderSettings withMaxFailedShare(double share) {
        return new LoaderSettings(batch, batchesPerStep, dropLast, epochs, shuffle, seed, threads, prefetch, share);
    }

    /** The same with other threads and batches ahead. */
    public LoaderSettings withThreads(int count, int ahead) {
        return new LoaderSettings(batch, batchesPerStep, dropLast, epochs, shuffle, seed, count, ahead, maxFailedShare);
    }

    /** Films that one step takes. */
    public int filmsPerStep() {
        return batch * batchesPerStep;
    }

    /** Batches of an epoch over {@code films} films that can all be decoded. */
    public long batchesPerEpoch(int films) {
        return dropLast ? (long) (films / filmsPerStep()) * batchesPerStep : (films + batch - 1L) / batch;
    }
}
