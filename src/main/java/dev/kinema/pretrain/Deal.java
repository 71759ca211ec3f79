package dev.kinema.pretrain;

import dev.kinema.graph.Philox;

/**
 * Which clips of a batch are computed together: first clips in the order of the films, the others each in an order drawn for the step.
 *
 * @param orders [clips][films], the films in the order of the groups
 * @param size films of a group
 */
record Deal(int[][] orders, int size) {
    private static final int STREAM = 0xDEA1;

    static Deal of(int clips, int films, int size, long seed, long step) {
        int[][] orders = new int[clips][films];
        for (int clip = 0; clip < clips; clip++) {
            for (int i = 0; i < films; i++) {
                orders[clip][i] = i;
            }
            if (clip > 0) {
                shuffle(orders[clip], new Philox(seed, step, STREAM + clip));
            }
        }
        return new Deal(orders, size);
    }

    private static void shuffle(int[] order, Philox random) {
        for (int i = order.length - 1; i > 0; i--) {
            int j = (int) (random.uniform(i) * (i + 1));
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
    }

    /** The film whose clip {@code clip} is at place {@code k} of a group. */
    int film(int group, int clip, int k) {
        return orders[clip][group * size + k];
    }
}
