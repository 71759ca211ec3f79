package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.config.ConfigWriter;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FilmList;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.embed.FeatureExtraction;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.run.Environment;
import dev.kinema.run.FolderLock;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.Progress;
import dev.kinema.run.RunFolder;
import dev.kinema.run.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The hierarchical schedule: the backbone, on data A and perhaps further on data B; features of data C by it; the contextualizer on these.
 * Each stage has a folder, {@code backbone}, {@code backbone-further}, {@code features} and {@code contextualizer}. A stage whose settings
 * and inputs are those that its folder was made with is skipped when it is done, and goes on where it was when it is not. A folder that was
 * made with others is kept under another name, and the stage begins anew.
 */
public final class Pretraining {
    private static final String WEIGHTS = "weights.safetensors";
    private static final String WEIGHTS_SHA256 = "weights_sha256";

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
        create(out);
        AtomicFile.writeText(out.resolve("config.yaml"), ConfigWriter.write(config));
        try (Device device = Device.open(config.device(), config.threads())) {
            Optional<Path> backbone = config.backbone().map(settings -> backbone(device, settings)).or(config::weights);
            Optional<Path> store = config.features().map(settings -> features(settings, backbone.orElseThrow())).or(config::store);
            Optional<Path> contextualizer = config.contextualizer().map(settings -> contextualizer(device, settings, store.orElseThrow(), backbone));
            return new Result(backbone, store, contextualizer);
        }
    }

    private Path backbone(Device device, BackboneConfig settings) {
        Path first = phase(device, settings, settings.first(), "backbone", null);
        return settings.further().map(phase -> phase(device, settings, phase, "backbone-further", out.resolve("backbone"))).orElse(first);
    }

    private Path phase(Device device, BackboneConfig settings, BackboneConfig.Phase phase, String stage, Path before) {
        Map<String, String> inputs = inputs(device);
        Map<String, String> files = new LinkedHashMap<>();
        if (before != null) {
            inputs.put("start", RunFolder.done(before).orElseThrow().get(WEIGHTS_SHA256));
        } else if (settings.weights().isPresent()) {
            inputs.put("start", Sha256.of(settings.weights().get()));
        }
        FilmList films = phase.films().read();
        inputs.put("films", films.fingerprint());
        String text = text(inputs, new Described(settings.network(), phase.deciding()));
        return train(device, stage, text, checked -> new BackboneTraining(device, compilation(device, checked), settings, phase, films,
            config.seed(), BackboneResult.start(settings, phase, before), watcher::note),
            (checkpoint, folder, steps) -> BackboneResult.write(checkpoint, settings, phase, folder.resolve(WEIGHTS), config.seed(), steps));
    }

    /** What decides a phase's numbers, and is held against its folder. */
    private record Described(dev.kinema.embed.NetworkDescription.Backbone network, BackboneConfig.Phase phase) {}

    private Map<String, String> inputs(Device device) {
        Map<String, String> inputs = new LinkedHashMap<>();
        inputs.put("seed", Long.toString(config.seed()));
        inputs.put("device", config.device());
        inputs.put("precision", config.precision().on(device).name());
        return inputs;
    }

    /** The resolved settings as a run folder keeps them. How films are loaded and how often is saved does not decide the numbers. */
    private static String text(Map<String, String> inputs, Record settings) {
        StringBuilder text = new StringBuilder("inputs:\n");
        inputs.forEach((key, value) -> text.append("  ").append(key).append(": ").append(value).append('\n'));
        return text.append(ConfigWriter.write(settings)).toString();
    }

    private Compilation compilation(Device device, boolean checked) {
        Precision precision = config.precision().on(device);
        Compilation how = precision == Precision.BF16 ? Compilation.BF16 : Compilation.FP32;
        return checked ? how.withFiniteChecks() : how;
    }

    /** Writes a stage's weights from the checkpoint of its end. */
    @FunctionalInterface
    private interface Export {
        void write(Path checkpoint, Path folder, long steps);
    }

    private Path train(Device device, String stage, String text, TrainingLoop.Opener opener, Export export) {
        Path folder = out.resolve(stage);
        Path weights = folder.resolve(WEIGHTS);
        setAsideOther(folder, text);
        Optional<Map<String, String>> done = RunFolder.done(folder);
        if (done.isPresent() && Files.isRegularFile(weights) && Sha256.of(weights).equals(done.get().get(WEIGHTS_SHA256))) {
            watcher.ended(stage, folder, true);
            return weights;
        }
        watcher.begun(stage, folder);
        PretrainConfig.CheckpointSettings saving = config.checkpoints();
        LoopSettings settings = new LoopSettings(saving.everySteps(), saving.everyMinutes(), saving.keep(), 1);
        Environment environment = Environment.here(device.name() + " (" + device.description() + ")", config.threads(), command);
        try (RunFolder run = RunFolder.open(folder, text, environment)) {
            TrainingLoop.Outcome outcome = TrainingLoop.run(opener, run, settings, watcher);
            export.write(outcome.checkpoint(), folder, outcome.steps());
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put(WEIGHTS_SHA256, Sha256.of(weights));
            facts.put("checkpoint", outcome.checkpoint().getFileName().toString());
            facts.put("steps", Long.toString(outcome.steps()));
            facts.put("seconds", Double.toString(outcome.seconds()));
            run.markDone(facts);
        }
        watcher.ended(stage, folder, false);
        return weights;
    }

    /** A folder of other settings is renamed: nothing that took days to make is written over. */
    private void setAsideOther(Path folder, String text) {
        Path saved = folder.resolve("config.yaml");
        try {
            if (!Files.exists(saved) || Files.readString(saved).equals(text)) {
                return;
            }
            setAside(folder, firstDifference(Files.readString(saved), text));
        } catch (IOException e) {
            throw new KinemaException("'" + saved + "' cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
    }

    private static String firstDifference(String before, String now) {
        List<String> old = before.lines().toList();
        List<String> lines = now.lines().toList();
        for (int i = 0; i < Math.min(old.size(), lines.size()); i++) {
            if (!old.get(i).equals(lines.get(i))) {
                return "'" + old.get(i).strip() + "' is now '" + lines.get(i).strip() + "'";
            }
        }
        return old.size() + " lines of settings are now " + lines.size();
    }

    private void setAside(Path folder, String why) {
        Path aside = folder;
        for (int i = 1; Files.exists(aside); i++) {
            aside = folder.resolveSibling(folder.getFileName() + "." + i);
        }
        try (FolderLock lock = FolderLock.of(folder, "choose another folder with --out")) {
            Files.move(folder, aside);
            watcher.note(folder + " was made with other settings or inputs (" + why + "): it is kept as " + aside);
        } catch (IOException e) {
            throw new KinemaException("'" + folder + "' was made with other settings and cannot be renamed (" + e.getMessage()
                + "): move it away", e);
        }
    }

    private Path features(PretrainConfig.FeatureSettings settings, Path weights) {
        Path folder = out.resolve("features");
        FilmList films = settings.films().read();
        String sha256 = Sha256.of(weights);
        if (Files.exists(folder.resolve("store.json")) && !FeatureStore.open(folder).header().weightsSha256().equals(sha256)) {
            setAside(folder, "the backbone is another one");
        }
        watcher.begun("features", folder);
        MovieEncoderConfig encoding = MovieEncoderConfig.of(weights).withDevice(config.device(), config.threads())
            .withPrecision(config.precision()).withHop(settings.hop()).withBatch(settings.batch()).withPadShort(settings.padShort());
        FeatureExtraction.Result result;
        try (MovieEncoder encoder = MovieEncoder.open(encoding)) {
            create(folder);
            try (FolderLock lock = FolderLock.of(folder, "choose another folder with --out")) {
                result = FeatureExtraction.run(encoder, folder, films.films(), settings.films().maxFailed(), watcher);
            }
        }
        watcher.ended("features", folder, result.done() == 0);
        return folder;
    }

    private static void create(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + folder + "' cannot be made (" + e + "): choose another one with --out", e);
        }
    }

    private Path contextualizer(Device device, MaskPredictionConfig settings, Path storeFolder, Optional<Path> backbone) {
        FeatureStore store = FeatureStore.open(storeFolder);
        backbone.ifPresent(weights -> store.requireBackbone(Sha256.of(weights)));
        EventWindows windows = new EventWindows(store, settings.window(), config.seed());
        if (!windows.tooShort().isEmpty()) {
            watcher.note(windows.tooShort().size() + " films are too short for a sequence, first '" + windows.tooShort().get(0) + "'");
        }
        Map<String, String> inputs = inputs(device);
        inputs.put("features", store.fingerprint());
        return train(device, "contextualizer", text(inputs, settings), checked -> new MaskPredictionTraining(device,
            // the contextualizer is a small part of the work, and rounding costs it more
            compilation(device, checked).withPrecision(Precision.FP32), settings, windows, store.fingerprint(), config.seed()),
            (checkpoint, folder, steps) -> ContextualizerResult.write(checkpoint, settings, store.header(), folder.resolve(WEIGHTS),
                config.seed(), steps));
    }
}
