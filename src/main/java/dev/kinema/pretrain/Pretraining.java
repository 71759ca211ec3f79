package dev.kinema.pretrain;

import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.config.ConfigWriter;
import dev.kinema.data.Augmentation;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FilmList;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.embed.FeatureExtraction;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.NetworkDescription;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.run.Environment;
import dev.kinema.run.FolderLock;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.Progress;
import dev.kinema.run.RunFolder;
import dev.kinema.run.StageFolder;
import dev.kinema.run.TrainingLoop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The hierarchical schedule: the backbone, on data A and perhaps further on data B; features of data C by it; the contextualizer on these.
 * Each stage has a folder, {@code backbone}, {@code backbone-further}, {@code features} and {@code contextualizer}. A stage whose settings
 * and inputs are those that its folder was made with is skipped when it is done, and goes on where it was when it is not. A folder that was
 * made with others is kept under another name, and the stage begins anew.
 */
public final class Pretraining {
    private static final String BACKBONE = "backbone";
    private static final String FURTHER = "backbone-further";
    private static final String FEATURES = "features";

    private final PretrainConfig config;
    private final Path out;
    private final List<String> command;
    private final Watcher watcher;

    private Pretraining(PretrainConfig config, Path out, List<String> command, Watcher watcher) {
        this.config = config;
        this.out = out;
        this.command = command;
        this.watcher = watcher;
    }

    /** Is told how the schedule goes, in the thread that runs it. */
    public interface Watcher extends Progress, FeatureExtraction.Watcher {
        /** A stage begins or goes on in its folder. */
        void begun(String stage, Path folder);

        /** A stage has ended, or was done before. */
        void ended(String stage, Path folder, boolean before);
    }

    /**
     * What the stages made, those that were in the configuration.
     *
     * @param backbone weights file
     * @param features store
     * @param contextualizer weights file
     */
    public record Result(Optional<Path> backbone, Optional<Path> features, Optional<Path> contextualizer) {}

    /**
     * Runs or resumes.
     *
     * @param out the folder of the run
     * @param command as given by the user, for the records
     * @throws KinemaException if a stage fails or is interrupted; what is done is kept, and the same call goes on
     */
    public static Result run(PretrainConfig config, Path out, List<String> command, Watcher watcher) {
        return new Pretraining(config, out, command, watcher).run();
    }

    private Result run() {
        config.requireFilms();
        requireFilmsOfStagesToCome();
        new StageFolder(out, watcher::note).create();
        AtomicFile.writeText(out.resolve("config.yaml"), ConfigWriter.write(config));
        try (Device device = Device.open(config.device(), config.threads())) {
            Optional<Path> backbone = config.backbone().map(settings -> backbone(device, settings)).or(config::weights);
            Optional<Path> store = config.features().map(settings -> features(settings, backbone.orElseThrow())).or(config::store);
            Optional<Path> contextualizer = config.contextualizer()
                .map(settings -> contextualizer(device, settings, store.orElseThrow(), backbone));
            return new Result(backbone, store, contextualizer);
        }
    }

    /** Before the first stage: films of a later one that are not found are missed now and not in days. Those of a stage that is done may be gone. */
    private void requireFilmsOfStagesToCome() {
        config.backbone().ifPresent(settings -> {
            require(BACKBONE, settings.first().films());
            settings.further().ifPresent(phase -> require(FURTHER, phase.films()));
        });
        if (config.features().isPresent() && !Files.exists(stage(FEATURES).path())) {
            config.features().get().films().requireSome();
        }
    }

    private void require(String name, FilmsConfig films) {
        if (!stage(name).isTrained()) {
            films.requireSome();
        }
    }

    private StageFolder stage(String name) {
        return new StageFolder(out.resolve(name), watcher::note);
    }

    private Path backbone(Device device, BackboneConfig settings) {
        Path first = phase(device, settings, settings.first(), BACKBONE, null);
        return settings.further().map(phase -> phase(device, settings, phase, FURTHER, stage(BACKBONE))).orElse(first);
    }

    private Path phase(Device device, BackboneConfig settings, BackboneConfig.Phase phase, String name, StageFolder before) {
        Map<String, String> inputs = inputs(device);
        if (before != null) {
            inputs.put("start", Sha256.of(before.weights()));
        } else if (settings.weights().isPresent()) {
            inputs.put("start", Sha256.of(settings.weights().get()));
        }
        FilmList films = phase.films().read();
        inputs.put("films", films.fingerprint());
        StageFolder stage = stage(name);
        FilmSizes.changed(stage.path(), films).ifPresent(stage::setAside);
        String text = StageFolder.text(inputs, ConfigWriter.write(new DecidingPhase(settings.network(), phase.epochs(), phase.batch(), phase.part(),
            phase.sampling(), phase.maxGap(), phase.augmentation(), phase.objective(), phase.optimizer())));
        return train(device, name, text, folder -> FilmSizes.note(folder, films),
            checked -> new BackboneTraining(device, compilation(device, checked), settings, phase, films, config.seed(),
                BackboneResult.start(settings, phase, before), watcher::note),
            (checkpoint, weights, steps) -> BackboneResult.write(checkpoint, settings, phase, weights, config.seed(), steps));
    }

    /** What decides the weights that a phase makes, and is held against its folder: not how films are found, loaded and tested on. */
    private record DecidingPhase(NetworkDescription.Backbone network, int epochs, int batch, int part, BackboneConfig.Sampling sampling,
        double maxGap, Augmentation augmentation, BackboneConfig.ObjectiveSettings objective, OptimizerConfig optimizer) {}

    /** The same of mask prediction. */
    private record DecidingMasks(ContextualizerConfig network, int tokens, double stride, int perFilm,
        MaskPredictionConfig.MaskSettings masks, MaskPredictionConfig.ObjectiveSettings objective, OptimizerConfig optimizer, int epochs,
        int batch) {}

    private Map<String, String> inputs(Device device) {
        Map<String, String> inputs = new LinkedHashMap<>();
        inputs.put("seed", Long.toString(config.seed()));
        inputs.put("device", config.device());
        inputs.put("precision", config.precision().on(device).name());
        return inputs;
    }

    private Compilation compilation(Device device, boolean checked) {
        Precision precision = config.precision().on(device);
        Compilation how = precision == Precision.BF16 ? Compilation.BF16 : Compilation.FP32;
        return checked ? how.withFiniteChecks() : how;
    }

    /** Writes a stage's weights from the checkpoint of its end. */
    @FunctionalInterface
    private interface Export {
        void write(Path checkpoint, Path weights, long steps);
    }

    /** @param begin notes what else is to be remembered in the stage's folder */
    private Path train(Device device, String name, String text, Consumer<Path> begin, TrainingLoop.Opener opener, Export export) {
        StageFolder stage = stage(name);
        stage.free(text);
        if (stage.isTrained()) {
            watcher.ended(name, stage.path(), true);
            return stage.weights();
        }
        watcher.begun(name, stage.path());
        PretrainConfig.CheckpointSettings saving = config.checkpoints();
        LoopSettings settings = new LoopSettings(saving.everySteps(), saving.everyMinutes(), saving.keep(), 1);
        Environment environment = Environment.here(device.name() + " (" + device.description() + ")", config.threads(), command);
        try (RunFolder run = RunFolder.open(stage.path(), text, environment)) {
            begin.accept(stage.path());
            TrainingLoop.Outcome outcome = TrainingLoop.run(opener, run, settings, watcher);
            export.write(outcome.checkpoint(), stage.weights(), outcome.steps());
            run.markDone(stage.facts(outcome.steps(), outcome.checkpoint(), outcome.seconds()));
        }
        watcher.ended(name, stage.path(), false);
        return stage.weights();
    }

    private Path features(PretrainConfig.FeatureSettings settings, Path weights) {
        StageFolder stage = stage(FEATURES);
        FilmList films = settings.films().read();
        watcher.begun(FEATURES, stage.path());
        MovieEncoderConfig encoding = MovieEncoderConfig.of(weights).withDevice(config.device(), config.threads())
            .withPrecision(config.precision()).withHop(settings.hop()).withBatch(settings.batch()).withPadShort(settings.padShort())
            .forThroughput();
        FeatureExtraction.Result result;
        try (MovieEncoder encoder = MovieEncoder.open(encoding)) {
            if (FeatureStore.isIn(stage.path())) {
                FeatureExtraction.header(encoder).difference(FeatureStore.open(stage.path()).header()).ifPresent(stage::setAside);
            }
            stage.create();
            try (FolderLock lock = stage.lock()) {
                result = FeatureExtraction.run(encoder, stage.path(), films.films(), settings.films().maxFailed(), watcher);
            }
        }
        watcher.ended(FEATURES, stage.path(), result.done() == 0);
        return stage.path();
    }

    private Path contextualizer(Device device, MaskPredictionConfig settings, Path folder, Optional<Path> backbone) {
        FeatureStore whole = FeatureStore.open(folder);
        backbone.ifPresent(weights -> whole.requireBackbone(Sha256.of(weights)));
        // a store keeps films that were taken off the list since: they are not learned from
        FeatureStore store = config.features().map(features -> whole.only(features.films().read())).orElse(whole);
        EventWindows windows = new EventWindows(store, settings.window(), config.seed());
        if (!windows.tooShort().isEmpty()) {
            watcher.note(windows.tooShort().size() + " films are too short for a sequence, first '" + windows.tooShort().get(0) + "'");
        }
        Map<String, String> inputs = inputs(device);
        inputs.put("features", store.fingerprint());
        String text = StageFolder.text(inputs, ConfigWriter.write(new DecidingMasks(settings.network(), settings.window().tokens(), settings.window().stride(),
            settings.window().perFilm(), settings.masks(), settings.objective(), settings.optimizer(), settings.epochs(),
            settings.batch())));
        return train(device, "contextualizer", text, here -> { }, checked -> new MaskPredictionTraining(device,
            // the contextualizer is a small part of the work, and rounding costs it more
            compilation(device, checked).withPrecision(Precision.FP32), settings, windows, store.fingerprint(), config.seed()),
            (checkpoint, weights, steps) -> ContextualizerResult.write(checkpoint, settings, store.header(), weights, config.seed(), steps));
    }
}
