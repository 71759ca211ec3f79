package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.graph.Permutation;
import dev.kinema.graph.Philox;
import java.util.Arrays;

/**
 * Which clips a step learns from: every epoch goes over all of them in an order of its own, and leaves out the last ones where they do not
 * fill a batch, as VidSitu's toolkit does.
 */
final class ClipOrder {
    private static final int ORDER = 0x0C11;

    private final int clips;
    private final int batch;
    private final long seed;
    private long epoch = -1;
    private int[] order;

    /**
     * @param clips to learn from
     * @param batch of them a step
     * @throws KinemaException if they do not fill a batch
     */
    ClipOrder(int clips, int batch, long seed) {
        if (clips < batch) {
            throw new KinemaException("there are " + clips + " clips to train on, fewer than the " + batch
                + " of a batch: lower batch, or leave fewer clips out");
        }
        this.clips = clips;
        this.batch = batch;
        this.seed = seed;
    }

    /** Whole batches of an epoch. */
    long stepsPerEpoch() {
        return clips / batch;
    }

    /** Numbers of a step's clips, [batch]. */
    int[] of(long step) {
        long wanted = step / stepsPerEpoch();
        if (wanted != epoch) {
            order = Permutation.of(new Philox(seed, wanted, ORDER), clips);
            epoch = wanted;
        }
        int first = (int) (step % stepsPerEpoch()) * batch;
        return Arrays.copyOfRange(order, first, first + batch);
    }
}
