package dev.kinema.cli;

import dev.kinema.config.ConfigReader;
import dev.kinema.pretrain.BackboneConfig;
import dev.kinema.pretrain.MaskPredictionConfig;
import dev.kinema.pretrain.PretrainConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** How the demo trains: what its YAML says, with the demo's films in place of the lists that stand there. */
final class DemoSettings {
    private static final String YAML = "demo.yaml";
    /** A quick demo has this part of the epochs. */
    private static final int QUICK_PART = 10;
    private static final int LEAST_EPOCHS = 2;

    private DemoSettings() {}

    static PretrainConfig of(DemoFilms films, long seed, DeviceOptions device, boolean quick) {
        PretrainConfig written = ConfigReader.parse(YAML, yaml(), PretrainConfig.class);
        BackboneConfig backbone = written.backbone().orElseThrow();
        PretrainConfig.FeatureSettings features = written.features().orElseThrow();
        MaskPredictionConfig contextualizer = written.contextualizer().orElseThrow();
        return new PretrainConfig(seed, device.device(), device.threads(), written.precision(), written.checkpoints(),
            Optional.of(new BackboneConfig(backbone.network(), Optional.empty(), phase(backbone.first(), films, quick), Optional.empty())),
            Optional.empty(),
            Optional.of(new PretrainConfig.FeatureSettings(films.sequences().config(), features.hop(), features.batch(),
                features.padShort())),
            Optional.empty(), Optional.of(quick ? quick(contextualizer) : contextualizer));
    }

    private static BackboneConfig.Phase phase(BackboneConfig.Phase phase, DemoFilms films, boolean quick) {
        return new BackboneConfig.Phase(films.events().config(), Optional.of(films.heldOutEvents().config()),
            quick ? quick(phase.epochs(), phase.optimizer().warmUpEpochs()) : phase.epochs(), phase.batch(), phase.microBatch(),
            phase.sampling(), phase.maxGap(), phase.augmentation(), phase.objective(), phase.optimizer(), phase.loading(), phase.test());
    }

    private static MaskPredictionConfig quick(MaskPredictionConfig whole) {
        return new MaskPredictionConfig(whole.network(), whole.window(), whole.masks(), whole.objective(), whole.optimizer(),
            quick(whole.epochs(), whole.optimizer().warmUpEpochs()), whole.batch());
    }

    /** A warm-up must fit in. */
    private static int quick(int epochs, double warmUp) {
        return (int) Math.max(Math.max(LEAST_EPOCHS, Math.ceil(warmUp)), epochs / QUICK_PART);
    }

    private static String yaml() {
        try (InputStream file = DemoSettings.class.getResourceAsStream(YAML)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
