package dev.kinema.cli;

import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import dev.kinema.embed.ClipStream;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.embed.PrecisionChoice;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
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
        + "was when the same command is given again: films that are done are skipped.",
    footer = {"", "For FILM.mp4 the folder gets FILM.features.npy [T,width], FILM.events.npy [T,width] with --txe, FILM.safetensors with "
        + "these and the clips' times, and an entry in index.json. One run at a time may write to a folder."})
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

    @Option(names = "--hop", defaultValue = "2", paramLabel = "S", description = "Seconds from clip to clip (${DEFAULT-VALUE}).")
    private double hop;

    @Option(names = "--window", paramLabel = "N",
        description = "Events that are contextualised together (the contextualizer's own length).")
    private Integer window;

    @Option(names = "--precision", defaultValue = "auto", paramLabel = "P",
        description = "fp32, bf16, or auto (default): bf16 where the device has it.")
    private PrecisionChoice precision;

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

    private FilmIndex index;
    private String weightsSha256;
    private final List<Path> failed = new ArrayList<>();

    @Override
    public Integer call() {
        MovieEncoderConfig config = config();
        Set<Path> distinct = new LinkedHashSet<>();
        films.forEach(film -> distinct.add(identity(film)));
        checkFolder();
        index = FilmIndex.of(out);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            if (encoder.isRandom()) {
                out().println("random weights: features are those of an untrained network");
            }
            JsonObject settings = settings(encoder);
            List<Path> pending = new ArrayList<>();
            distinct.stream().filter(film -> !skip(film, settings)).forEach(pending::add);
            encodeAll(encoder, pending, settings);
        }
        return summary(distinct.size());
    }

    private MovieEncoderConfig config() {
        if (!(hop > 0) || Double.isInfinite(hop)) {
            throw new ParameterException(spec.commandLine(), "--hop " + hop + ": it must be a number of seconds above 0");
        }
        if (batch < 1 || window != null && window < 1) {
            throw new ParameterException(spec.commandLine(), "--batch and --window must be 1 or more");
        }
        if (window != null && contextualizer == null) {
            throw new ParameterException(spec.commandLine(), "--window is for events: give --txe, too");
        }
        MovieEncoderConfig config = MovieEncoderConfig.of(weights).withDevice(device.device(), device.threads()).withPrecision(precision)
            .withHop(hop).withBatch(batch).withPadShort(padShort);
        config = contextualizer == null ? config : config.withContextualizer(contextualizer);
        return window == null ? config : config.withWindow(window);
    }

    /** One name for a film, however it is reached. */
    private static Path identity(Path film) {
        try {
            return film.toRealPath();
        } catch (IOException e) {
            // it is missing or out of reach, which opening it will say
            return film.toAbsolutePath().normalize();
        }
    }

    /** Before the work is done, not after it: whether its results could be kept. */
    private void checkFolder() {
        Path there = out.toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there) || !Files.isWritable(there)) {
            throw new KinemaException("'" + there + "' is " + (Files.isDirectory(there) ? "not writable" : "no folder")
                + ": choose another folder with --out");
        }
    }

    private void makeFolder() {
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + out + "' cannot be made (" + e + "): choose another one with --out", e);
        }
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
        return settings;
    }

    private Set<String> wanted() {
        return FeatureFiles.names("", formats, contextualizer != null).keySet();
    }

    private boolean skip(Path film, JsonObject settings) {
        return index.done(film, settings, wanted()).map(entry -> {
            out().println(name(film) + ": done before (" + entry.get("clips") + " clips), skipped");
            return true;
        }).orElse(false);
    }

    /** Encodes one film after the other; the next one's first clips are decoded meanwhile. */
    private void encodeAll(MovieEncoder encoder, List<Path> pending, JsonObject settings) {
        ClipStream next = pending.isEmpty() ? null : encoder.open(pending.get(0));
        try {
            for (int i = 0; i < pending.size(); i++) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new KinemaException("interrupted between two films: give the command again");
                }
                try (ClipStream clips = next) {
                    next = i + 1 < pending.size() ? encoder.open(pending.get(i + 1)) : null;
                    encode(encoder, clips, settings);
                }
            }
        } finally {
            if (next != null) {
                next.close();
            }
        }
    }

    private void encode(MovieEncoder encoder, ClipStream clips, JsonObject settings) {
        ProgressBar bar = progress || Terminal.isErr() ? new ProgressBar(err(), name(clips.film())) : null;
        JsonObject identity = FilmIndex.identity(clips.film());
        long begun = System.nanoTime();
        try {
            MovieFeatures features;
            try {
                features = encoder.encode(clips, bar == null ? EncodingProgress.NONE : bar);
            } finally {
                if (bar != null) {
                    bar.clear();
                }
            }
            write(features, encoder.isRandom(), identity, settings, (System.nanoTime() - begun) / 1e9);
        } catch (KinemaException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw e;
            }
            failed.add(clips.film());
            Main.report(e, spec.commandLine());
        }
    }

    private static String name(Path film) {
        return film.getFileName() == null ? film.toString() : film.getFileName().toString();
    }

    private void write(MovieFeatures film, boolean random, JsonObject identity, JsonObject settings, double seconds) {
        makeFolder();
        String name = index.nameFor(film.film());
        Map<String, String> files = FeatureFiles.names(name, formats, contextualizer != null);
        FeatureFiles.write(out, files, film, weightsSha256);
        index.put(film.film(), FilmEntry.of(name, files, film, identity, settings, random, seconds));
        out().printf(Locale.ROOT, "%s: %d clips in %.1f s (%.2f clips/s) -> %s%s%n", name(film.film()), film.clips(), seconds,
            film.clips() / seconds, out.resolve(name + ".*"), film.damage().isNone() ? "" : "; damage: " + film.damage().describe());
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
