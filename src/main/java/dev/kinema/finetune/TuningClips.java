package dev.kinema.finetune;

import dev.kinema.checkpoint.Sha256;
import dev.kinema.task.vidsitu.DatasetLayout;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The clips of a dataset that runs learn from, are scored on, and predict for the leaderboard.
 *
 * @param tests of the leaderboard's sets that are there, with what is known of their clips
 * @param leftOut clips of validation that are left out
 * @param fingerprint SHA-256 over what was read of train and validation: whether they are the same ones
 */
record TuningClips(VidSituDataset dataset, List<Situation> train, List<Situation> valid, Map<Split, List<Situation>> tests, int leftOut,
    String fingerprint) {

    /**
     * Reads the dataset.
     *
     * @param wanted test sets, as far as they are there
     * @throws dev.kinema.KinemaException if a file is missing or malformed
     */
    static TuningClips read(DatasetConfig settings, List<Split> wanted) {
        VidSituDataset dataset = settings.open();
        DatasetLayout layout = dataset.layout();
        List<Situation> valid = dataset.situations(Split.VALID);
        int listed = dataset.without(Set.of()).clips(Split.VALID).size();
        Map<Split, List<Situation>> tests = new EnumMap<>(Split.class);
        wanted.stream().filter(split -> Files.exists(layout.split(split))).forEach(split -> tests.put(split, dataset.situations(split)));
        StringBuilder read = new StringBuilder();
        for (Path file : List.of(layout.split(Split.TRAIN), layout.annotations(Split.TRAIN), layout.split(Split.VALID),
                layout.annotations(Split.VALID), layout.info(Split.VALID))) {
            read.append(Sha256.of(file)).append('\n');
        }
        new TreeSet<>(dataset.leftOut()).forEach(clip -> read.append(clip).append('\n'));
        return new TuningClips(dataset, dataset.situations(Split.TRAIN), valid, tests, listed - valid.size(), Sha256.ofText(read.toString()));
    }

    /** Numbers, for the results. */
    TaskResults.Clips counts() {
        return new TaskResults.Clips(train.size(), valid.size(), leftOut);
    }
}
