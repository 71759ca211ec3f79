package dev.kinema.pretrain;

import dev.kinema.config.ConfigReader;
import dev.kinema.video.EventFilm;
import dev.kinema.video.EventFilmSet;
import dev.kinema.video.EventGrammar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The smallest run of both levels that is one: films of 32 pixels, networks of a few channels, a few steps. */
public final class TinyRun {
    private static final EventFilm.Format FORMAT = new EventFilm.Format(32, 32, 10, 2);

    private TinyRun() {}

    /** Makes the films, and the run's configuration beside them. @return the configuration's file */
    public static Path write(Path folder) throws IOException {
        Path a = folder.resolve("a");
        Path c = folder.resolve("c");
        EventFilmSet.singles(1, 12, 4, FORMAT, 3).write(a);
        EventFilmSet.sequences(2, 10, 6, EventGrammar.of(3, 4), FORMAT).write(c);
        Path file = folder.resolve("tiny.yaml");
        Files.writeString(file, text(a, c));
        return file;
    }

    static PretrainConfig config(Path folder) throws IOException {
        return ConfigReader.read(write(folder), PretrainConfig.class);
    }

    static String text(Path a, Path c) {
        return """
            seed: 7
            precision: fp32
            checkpoints: {every_steps: 3, every_minutes: 0, keep: 2}
            backbone:
              network:
                stem:
                  kernel: {t: 3, h: 3, w: 3}
                  stride: {t: 2, h: 2, w: 2}
                  pool: {kernel: {t: 1, h: 1, w: 1}, stride: {t: 1, h: 1, w: 1}, padding: {t: 0, h: 0, w: 0}}
                stages:
                  - {blocks: 1, temporal_kernel: 1, spatial_stride: 2}
                  - {blocks: 1, temporal_kernel: 3, spatial_stride: 2}
                width: 4
                res2_pool: {t: 1, h: 1, w: 1}
                clip: {frames: 4, crop: 16, sampling_rate: 6}
                head: {pool: global, classes: 0, dropout: 0}
                norm_epsilon: 1e-5
                norm_momentum: 0.1
                zero_init_final_norm: false
              first:
                films: {list: 'A/films.csv', prefix: 'A'}
                epochs: 7
                batch: 4
                micro_batch: 2
                sampling: decreasing_gap
                augmentation:
                  short_side: 0
                  size: 16
                  order: crop_first
                  area_crop: {area: [0.4, 1.0], aspect: [0.5, 2.0], law: height, attempts: 10}
                  flip: 0.5
                  arithmetic: tensorflow
                  jitter: {probability: 0.8, brightness: [0.5, 1.5], contrast: [0.5, 1.5], saturation: [0.5, 1.5], hue: [-0.2, 0.2]}
                  grayscale: 0.2
                objective: {kind: moco, head: {layers: 2, hidden: 16, width: 8, norm: false}, queue: 50}
                optimizer: {rule: sgd, rate: 0.05, momentum: 0.9, weight_decay: 1e-4}
                test: {every_epochs: 3, neighbours: 3}
            features:
              films: {list: 'C/films.csv', prefix: 'C'}
            contextualizer:
              network:
                input_width: 32
                width: 16
                projection: linear
                input_scale: 1
                positions: learned
                max_length: 5
                layers: 1
                heads: 2
                feed_forward: 32
                activation: relu
                pre_norm: false
                final_norm: false
                dropout: 0.1
                attention_dropout: 0
                activation_dropout: 0
                initial_std: 0.02
                norm_epsilon: 1e-5
              window: {tokens: 5, stride: 2}
              masks: {share: 0.6}
              objective: {queue: 30, exclude_same_film: true}
              optimizer: {rule: adam, rate: 1e-3}
              epochs: 12
              batch: 5
            """.replace("'A", "'" + a).replace("'C", "'" + c);
    }
}
