package dev.kinema.cli;

import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.FeatureStore;
import dev.kinema.embed.FeatureExtraction;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.pretrain.PretrainConfig;
import java.nio.file.Path;

/**
 * Features of films that no network was trained on. Each backbone has a folder of its own, by the digest of its weights: what is there is
 * not computed again, and features of two backbones are never taken for each other.
 *
 * @param config of the training, whose device and precision are used
 * @param folder for all
 * @param watcher is told how it goes
 */
record HeldOutFeatures(PretrainConfig config, Path folder, FeatureExtraction.Watcher watcher) {
    private static final int DIGITS = 12;

    /** The encoder of a backbone, a clip every {@code hop} seconds. */
    MovieEncoderConfig encoding(Path weights, double hop) {
        return MovieEncoderConfig.of(weights).withDevice(config.device(), config.threads()).withPrecision(config.precision()).withHop(hop)
            .forThroughput();
    }

    /** Features of a set of films by a backbone. */
    FeatureStore of(DrawnFilms films, Path weights, double hop) {
        Path store = folder.resolve(Sha256.of(weights).substring(0, DIGITS)).resolve(films.folder().getFileName());
        OutputFolder.make(store);
        try (MovieEncoder encoder = MovieEncoder.open(encoding(weights, hop))) {
            FeatureExtraction.run(encoder, store, films.films(), 0, watcher);
        }
        return FeatureStore.open(store);
    }

    /** Seconds that a clip covers. */
    double clipSeconds() {
        var clip = config.backbone().orElseThrow().network().clip();
        return clip.frames() * clip.samplingRate() / 30.0;
    }
}
