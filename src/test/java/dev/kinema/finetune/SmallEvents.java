package dev.kinema.finetune;

import dev.kinema.config.ConfigReader;
import dev.kinema.model.SlowConfig;
import dev.kinema.task.vidsitu.GeneratedDataset;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Path;
import java.util.List;

/** A network and datasets so small that a test of both takes a moment. */
final class SmallEvents {
    private SmallEvents() {
    }

    /** Eight channels, clips of 4 frames of 32 pixels, the events' whole two seconds. */
    static SlowConfig backbone() {
        return SlowConfig.SLOW_D_R50.withWidth(8).withStages(List.of(new SlowConfig.Stage(1, 1, 1), new SlowConfig.Stage(1, 3, 2)))
            .withClip(new SlowConfig.Clip(4, 32, 14)).withZeroInitFinalNorm(false)
            .withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 0, 0));
    }

    static VidSituDataset dataset(Path folder, int train, int valid) {
        return GeneratedDataset.of(train, valid, 3).write(folder, (done, all) -> { });
    }

    static DatasetConfig settings(Path folder, DatasetConfig.Framing framing, double maxMissing) {
        return new DatasetConfig(folder, List.of(), maxMissing, framing, 1, 1);
    }

    static EventPictures pictures(VidSituDataset dataset) {
        return new EventPictures(dataset, settings(dataset.layout().root(), DatasetConfig.Framing.STRETCHED, 0.2), backbone().clip());
    }

    static VerbsConfig verbs(int epochs, int batch, int microBatch, double rate) {
        return ConfigReader.parse("verbs", "{hidden: 32, micro_batch: " + microBatch + ", tuning: {epochs: " + epochs + ", batch: " + batch
            + ", optimizer: {rule: adam, rate: " + rate + ", schedule: constant, beta1: 0.9, beta2: 0.99}}}", VerbsConfig.class);
    }
}
