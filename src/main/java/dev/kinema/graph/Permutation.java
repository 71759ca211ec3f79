package dev.kinema.graph;

/** Random orders (Durstenfeld, "Algorithm 235: Random permutation", CACM 7 (1964)): all are equally likely. */
public final class Permutation {
    private Permutation() {
    }

    /**
     * The numbers below {@code n} in a random order.
     *
     * @param random its elements below {@code n} are drawn
     */
    public static int[] of(Philox random, int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        for (int i = n - 1; i > 0; i--) {
            int j = (int) (random.uniform(i) * (i + 1));
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }
}
