package dev.kinema.pretrain;

import dev.kinema.device.HostArray;
import dev.kinema.device.Program;

/**
 * What is hidden in a batch, as the inputs of a {@link MaskPrediction} say it.
 *
 * @param blocks one a sequence
 * @param films that the sequences are of
 * @param tokens events of a sequence
 */
record HiddenEvents(MaskSampler.Block[] blocks, int[] films, int tokens) {
    /**
     * Fills in the inputs.
     *
     * @param rows length of the inputs that have a row per hidden event
     * @return how many events are hidden
     */
    int fill(Program program, MaskPredictionConfig.ObjectiveSettings settings, int rows) {
        boolean contrasts = settings.loss() == MaskPredictionConfig.LossName.INFONCE;
        boolean targetOwners = contrasts && settings.excludeSameFilm();
        HostArray mask = program.input(MaskPrediction.MASK);
        HostArray targets = program.input(MaskPrediction.TARGETS);
        HostArray owners = targetOwners ? program.input(MaskPrediction.OWNERS) : null;
        int count = 0;
        for (int i = 0; i < blocks.length; i++) {
            for (int t = 0; t < tokens; t++) {
                boolean hidden = t >= blocks[i].start() && t < blocks[i].start() + blocks[i].size();
                mask.set(i * tokens + t, hidden ? 1L : 0L);
                if (hidden) {
                    targets.set(count, (long) i * tokens + t);
                    if (owners != null) {
                        owners.set(count, (long) films[i]);
                    }
                    count++;
                }
            }
        }
        for (int r = count; r < rows; r++) {
            targets.set(r, 0L);
            if (owners != null) {
                owners.set(r, -1L);
            }
        }
        if (contrasts) {
            program.input(MaskPrediction.COUNT).set(0, (long) count);
        } else {
            weigh(program.input(MaskPrediction.ROW_WEIGHTS), count, rows);
        }
        if (targetOwners && settings.enqueued() == MaskPredictionConfig.Enqueued.ALL) {
            HostArray all = program.input(MaskPrediction.ALL_OWNERS);
            for (int i = 0; i < all.elements(); i++) {
                all.set(i, (long) films[i / tokens]);
            }
        }
        return count;
    }

    private static void weigh(HostArray weights, int count, int rows) {
        for (int r = 0; r < rows; r++) {
            weights.set(r, r < count ? 1.0 / count : 0);
        }
    }
}
