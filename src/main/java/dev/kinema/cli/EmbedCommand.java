package dev.kinema.cli;

import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.embed.ClipFeature;
import dev.kinema.embed.ClipStream;
import dev.kinema.embed.ContextualizerTraining;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.embed.FilmException;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.run.FolderLock;
import dev.kinema.video.Damage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema embed}: features and events of films. */
@Command(name = "embed", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Write the features of films, one per clip, and with a contextualizer their events. An interrupted run goes on where it "
        + "was when the same command is given again: films that are done are skipped, and the one that "
        + "was not goes on at its clip.",
    footer = {"", "For FILM.mp4 the folder gets FILM.features.npy [T,width], FILM.events.npy [T,width] with --txe, FILM.safetensors with "
        + "these and the clips' times, and an entry in index.json. One run at a time writes to a folder."})
final class EmbedCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "FILM", description = "Films: any format that FFmpeg knows.")
    private List<Path> films;

    @Option(names = "--weights", required = true, paramLabel = "FILE",
        description = "The backbone's weights: a safetensors file, or a checkpoint that can be imported.")
    private Path weights;

    @Option(names = "--txe", paramLabel = "FILE", description = "The contextualizer's weights, for events.")
    private Path contextualizer;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Where the files go; made if it is not there.")
    private Path out;

    @Option(names = "--hop", paramLabel = "S",
        description = "Seconds from clip to clip (2; with --txe, what the contextualizer was trained on).")
    private Double hop;

    @Option(names = "--window", paramLabel = "N",
        description = "Events that are contextualised together (the contextualizer's own length).")
    private Integer window;

    @Option(names = "--precision", defaultValue = "auto", paramLabel = "P",
        description = "fp32, bf16, int8 (with --calibration), or auto (default): bf16 where the device has it.")
    private PrecisionChoice precision;

    @Option(names = "--calibration", paramLabel = "FILE", description = "How large activations become, from kinema calibrate, for int8.")
    private Path calibration;

    @Option(names = "--batch", defaultValue = "1", paramLabel = "N", description = "Clips computed at once (${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--format", defaultValue = "npy,safetensors", split = ",", paramLabel = "F",
        description = "npy, safetensors or both (${DEFAULT-VALUE}).")
    private Set<FeatureFiles.Format> formats = EnumSet.noneOf(FeatureFiles.Format.class);

    @Option(names = "--pad-short", description = "Repeat the last frame of a film that is shorter than a clip, instead of refusing it.")
    private boolean padShort;

    @Option(names = "--progress", description = "Show the progress bar although standard error is no terminal.")
    private boolean progress;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private ProgramsOption programs;

    /** How long encoded clips are kept in memory only. */
    private static final long KEEP_NANOS = 30_000_000_000L;

    private FilmIndex index;
    private String weightsSha256;
    private final List<Path> failed = new ArrayList<>();

    /**
     * A film of the command line.
     *
     * @param path as it was given: what its files are named after, and messages say
     * @param real the one path it has however it is reached: what the index knows it by
     */
    private record Film(Path path, Path real) {
        static Film of(Path path) {
            try {
                return new Film(path, path.toRealPath());
            } catch (IOException e) {
                // it is missing or out of reach, which opening it will say
                return new Film(path, path.toAbsolutePath().normalize());
            }
        }

        String name() {
            return path.getFileName() == null ? path.toString() : path.getFileName().toString();
        }
    }

    /** A film being decoded, with what it was like when that began. */
    private record Opened(Film film, JsonObject identity, UnfinishedFilm unfinished, List<ClipFeature> before, ClipStream clips)
            implements AutoCloseable {
        static Opened of(Film film, Path folder, JsonObject settings, MovieEncoder encoder) {
            JsonObject identity = FilmIndex.identity(film.real);
            UnfinishedFilm unfinished = new UnfinishedFilm(folder, film.real, identity, settings);
            List<ClipFeature> before = unfinished.clips();
            return new Opened(film, identity, unfinished, before, encoder.open(film.path, before.size()));
        }

        @Override
        public void close() {
            clips.close();
        }
    }

    @Override
    public Integer call() {
        MovieEncoderConfig config = config();
        Map<Path, Film> byPath = new LinkedHashMap<>();
        films.forEach(film -> byPath.putIfAbsent(Film.of(film).real, Film.of(film)));
        Collection<Film> distinct = byPath.values();
        OutputFolder.check(out);
        index = FilmIndex.of(out);
        checkInputsAreKept(distinct);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            if (encoder.isRandom()) {
                out().println("random weights: features are those of an untrained network");
            }
            JsonObject settings = settings(encoder);
            List<Film> pending = new ArrayList<>();
            distinct.stream().filter(film -> !skip(film, settings)).forEach(pending::add);
            if (!pending.isEmpty()) {
                OutputFolder.make(out);
                try (FolderLock lock = FolderLock.of(out, "choose another folder with --out")) {
                    // another run may have written it since it was read
                    index = FilmIndex.of(out);
                    encodeAll(encoder, pending, settings);
                }
            }
        }
        return summary(distinct.size());
    }

    private MovieEncoderConfig config() {
        if (hop == null) {
            hop = Optional.ofNullable(contextualizer).flatMap(ContextualizerWeights::trainingOf).map(ContextualizerTraining::stride)
                .orElse(MovieEncoderConfig.DEFAULT_HOP);
        }
        if (!(hop >= MovieEncoderConfig.LEAST_HOP) || Double.isInfinite(hop)) {
            throw new ParameterException(spec.commandLine(), "--hop " + hop + ": it must be a number of seconds, "
                + MovieEncoderConfig.LEAST_HOP + " or more");
        }
        if (batch < 1 || window != null && window < 1) {
            throw new ParameterException(spec.commandLine(), "--batch and --window must be 1 or more");
        }
        if (window != null && contextualizer == null) {
            throw new ParameterException(spec.commandLine(), "--window is for events: give --txe, too");
        }
        if ((precision == PrecisionChoice.INT8) != (calibration != null)) {
            throw new ParameterException(spec.commandLine(), "--precision int8 and --calibration go together: give both, or neither; "
                + "'kinema calibrate' makes the file");
        }
        MovieEncoderConfig config = programs.in(MovieEncoderConfig.of(weights).withDevice(device.device(), device.threads()));
        config = (calibration == null ? config.withPrecision(precision) : config.withInt8(calibration)).withHop(hop).withBatch(batch)
            .withPadShort(padShort);
        config = contextualizer == null ? config : config.withContextualizer(contextualizer);
        return window == null ? config : config.withWindow(window);
    }

    /** Nothing that is read is written over. */
    private void checkInputsAreKept(Collection<Film> distinct) {
        Set<Path> inputs = new LinkedHashSet<>(List.of(weights));
        if (contextualizer != null) {
            inputs.add(contextualizer);
        }
        if (calibration != null) {
            inputs.add(calibration);
        }
        distinct.forEach(film -> inputs.add(film.path));
        for (Film film : distinct) {
            if (film.path.getFileName() == null) {
                continue;
            }
            Set<String> outputs = new LinkedHashSet<>(files(FilmIndex.stem(film.path)).values());
            outputs.addAll(index.known(film.real));
            for (String output : outputs) {
                for (Path input : inputs) {
                    if (FilmIndex.isSame(out.resolve(output), input)) {
                        throw new ParameterException(spec.commandLine(), "the results of '" + film.path + "' would overwrite '" + input
                            + "', which is read: choose another folder with --out");
                    }
                }
            }
        }
    }

    private Map<String, String> files(String name) {
        return FeatureFiles.names(name, formats, contextualizer != null);
    }

    /** What decides the numbers that come out: a film is done again when any of it changes. */
    private JsonObject settings(MovieEncoder encoder) {
        weightsSha256 = Sha256.of(weights);
        JsonObject settings = new JsonObject();
        settings.addProperty("weights_sha256", weightsSha256);
        if (contextualizer != null) {
            settings.addProperty("contextualizer_sha256", Sha256.of(contextualizer));
            settings.addProperty("window", encoder.window().getAsInt());
        }
        settings.addProperty("hop_seconds", hop);
        settings.addProperty("frames_per_clip", encoder.plan().frames());
        settings.addProperty("frame_interval_seconds", encoder.plan().interval());
        settings.addProperty("crop", encoder.plan().framing().crop());
        settings.addProperty("pad_short", padShort);
        settings.addProperty("device", device.device());
        settings.addProperty("precision", encoder.precision().name().toLowerCase(Locale.ROOT));
        if (calibration != null) {
            settings.addProperty("calibration_sha256", Sha256.of(calibration));
        }
        return settings;
    }

    private boolean skip(Film film, JsonObject settings) {
        return index.done(film.real, settings, files("").keySet()).map(entry -> {
            out().println(film.name() + ": done before (" + entry.get("clips") + " clips), skipped");
            return true;
        }).orElse(false);
    }

    /** Encodes one film after the other; the next one's first clips are decoded meanwhile, and begun where a program is free. */
    private void encodeAll(MovieEncoder encoder, List<Film> pending, JsonObject settings) {
        Opened next = Opened.of(pending.get(0), out, settings, encoder);
        try {
            for (int i = 0; i < pending.size(); i++) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new KinemaException("interrupted between two films: give the command again");
                }
                try (Opened film = next) {
                    next = i + 1 < pending.size() ? Opened.of(pending.get(i + 1), out, settings, encoder) : null;
                    if (next != null) {
                        film.clips.before(next.clips);
                    }
                    encode(encoder, film, settings);
                }
            }
        } finally {
            if (next != null) {
                next.close();
            }
        }
    }

    private void encode(MovieEncoder encoder, Opened opened, JsonObject settings) {
        Film film = opened.film;
        ProgressBar bar = progress || Terminal.isErr() ? new ProgressBar(err(), film.name()) : null;
        long begun = opened.clips.begunNanos();
        MovieFeatures features;
        if (!opened.before.isEmpty()) {
            out().println(film.name() + ": goes on after the " + opened.before.size() + " clips of an interrupted run");
        }
        List<ClipFeature> encoded = new ArrayList<>(opened.before);
        boolean complete = false;
        try {
            Damage damage = encoder.stream(opened.clips, keeping(opened, encoded), bar == null ? EncodingProgress.NONE : bar);
            features = encoder.features(film.path, encoded, damage);
            complete = true;
            features.checkFinite();
        } catch (KinemaException e) {
            if (Thread.currentThread().isInterrupted()) {
                opened.unfinished.keep(encoded);
                throw e;
            }
            // what is not the film's fault may go well another time, from here on
            if (complete || e instanceof FilmException) {
                opened.unfinished.remove();
            } else {
                opened.unfinished.keep(encoded);
            }
            failed.add(film.path);
            clear(bar);
            Main.report(e, spec.commandLine());
            return;
        } finally {
            clear(bar);
        }
        // what cannot be written is no fault of the film's, and the next film's could not be either
        write(opened, features, encoder.isRandom(), settings, (System.nanoTime() - begun) / 1e9);
    }

    /** Collects clips, and keeps them on disk every now and then. */
    private static Consumer<ClipFeature> keeping(Opened opened, List<ClipFeature> encoded) {
        long[] kept = {System.nanoTime()};
        return clip -> {
            encoded.add(clip);
            if (System.nanoTime() - kept[0] > KEEP_NANOS) {
                opened.unfinished.keep(encoded);
                kept[0] = System.nanoTime();
            }
        };
    }

    private static void clear(ProgressBar bar) {
        if (bar != null) {
            bar.clear();
        }
    }

    private void write(Opened opened, MovieFeatures features, boolean random, JsonObject settings, double seconds) {
        Film film = opened.film;
        String name = index.nameFor(film.real, film.path, n -> files(n).values());
        Map<String, String> files = files(name);
        try {
            index.claim(film.real, name, files);
            FeatureFiles.write(out, files, features, weightsSha256);
            index.put(film.real, FilmEntry.of(film.real, name, files, features, opened.identity, settings, random, seconds));
            opened.unfinished.remove();
        } catch (KinemaException e) {
            // what an interrupt cut short is the film's by its claim, and made again
            if (!Thread.currentThread().isInterrupted()) {
                removeAll(files.values());
            }
            throw new KinemaException(e.getMessage() + ": the run ends here, since its results cannot be kept; what was finished is kept,"
                + " give the same command again to go on", e);
        }
        out().printf(Locale.ROOT, "%s: %d clips in %.1f s (%.2f clips/s) -> %s%s%n", film.name(), features.clips(), seconds,
            features.clips() / seconds, out.resolve(name + ".*"), features.damage().isNone() ? ""
            : "; damage: " + features.damage().describe());
    }

    /** A film has all of its files or none. */
    private void removeAll(Collection<String> files) {
        for (String file : files) {
            try {
                Files.deleteIfExists(out.resolve(file));
            } catch (IOException e) {
                err().println("kinema: '" + out.resolve(file) + "' cannot be removed (" + e.getMessage() + "): remove it by hand");
            }
        }
    }

    private int summary(int films) {
        if (failed.isEmpty()) {
            return ExitCode.DONE;
        }
        if (films > 1) {
            err().println("kinema: " + failed.size() + " of " + films + " films failed: "
                + String.join(", ", failed.stream().map(Path::toString).toList()));
        }
        return ExitCode.FAILED;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
