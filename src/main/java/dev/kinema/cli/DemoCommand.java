package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.Version;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.device.HostArray;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.model.SlowConfig;
import dev.kinema.report.FilmReport;
import dev.kinema.video.ProceduralFilm;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kinema demo}: the whole way, from a film that is made up to a page that shows what a network saw in it. */
@Command(name = "demo", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Make a film by arithmetic, embed it, and write a page with its shots and the self-similarity of its events.",
    footer = {"", "The folder gets film.mp4, weights.safetensors (without --weights), film.features.npy, film.safetensors and film.html."})
final class DemoCommand implements Callable<Integer> {
    private static final String NAME = "film";
    private static final int WIDTH = 320;
    private static final int HEIGHT = 240;
    private static final int FRAME_RATE = 25;
    private static final double HOP_SECONDS = 1;
    private static final double LONGEST_SECONDS = 7200;
    /**
     * What the last batch norm of each residual block multiplies by. At 1 the 16 random branches drown what the stem saw, and clips of one
     * scene are no more alike than of two; at 0, as supervised training starts, most of the network would say nothing.
     */
    private static final double BRANCH_GAIN = 0.2;

    @Spec
    private CommandSpec spec;

    @Option(names = "--out", defaultValue = "kinema-demo", paramLabel = "DIR",
        description = "Where the files go; made if it is not there (${DEFAULT-VALUE}).")
    private Path out;

    @Option(names = "--seconds", defaultValue = "32", paramLabel = "S", description = "Length of the film (${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N",
        description = "What the film and random weights are made from (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--weights", paramLabel = "FILE",
        description = "The backbone's weights; without it, Slow-D with weights that are random.")
    private Path weights;

    @Mixin
    private DeviceOptions device;

    private final long begun = System.nanoTime();

    @Override
    public Integer call() {
        if (!(seconds >= 3 && seconds <= LONGEST_SECONDS)) {
            throw new ParameterException(spec.commandLine(), "--seconds " + seconds + ": it must be 3 to " + (int) LONGEST_SECONDS);
        }
        Path film = out.resolve(NAME + ".mp4");
        Map<String, String> files = FeatureFiles.names(NAME, EnumSet.allOf(FeatureFiles.Format.class), false);
        checkWeightsAreKept(files);
        makeFolder();
        ProceduralFilm made = ProceduralFilm.of(seed, WIDTH, HEIGHT, FRAME_RATE, seconds);
        made.write(film);
        say("film", film, String.format(Locale.ROOT, "%d shots, %.1f s of %d x %d", made.shots().size(), made.duration(), WIDTH, HEIGHT));
        Path network = weights == null ? randomWeights() : weights;
        try (MovieEncoder encoder = MovieEncoder.open(MovieEncoderConfig.of(network).withHop(HOP_SECONDS)
                .withDevice(device.device(), device.threads()))) {
            long started = System.nanoTime();
            MovieFeatures features = encode(encoder, film);
            double computing = (System.nanoTime() - started) / 1e9;
            FeatureFiles.write(out, files, features, Sha256.of(network));
            String speed = String.format(Locale.ROOT, "%d clips in %.1f s", features.clips(), computing);
            say("features", out.resolve(files.get("features")), features.features().shape() + ", " + speed);
            Path page = out.resolve(NAME + ".html");
            AtomicFile.writeText(page, report(made, features, encoder, speed).toHtml());
            say("page", page, "open it in a browser");
        }
        spec.commandLine().getOut().printf(Locale.ROOT, "done in %.1f s%n", elapsed());
        return ExitCode.DONE;
    }

    /** A demo writes over the one before, but not over weights it is to read. */
    private void checkWeightsAreKept(Map<String, String> files) {
        for (String file : files.values()) {
            if (weights != null && FilmIndex.isSame(out.resolve(file), weights)) {
                throw new ParameterException(spec.commandLine(), "the demo would overwrite '" + weights + "', which is read: choose another "
                    + "folder with --out");
            }
        }
    }

    private void makeFolder() {
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + out + "' cannot be made (" + e + "): choose another one with --out", e);
        }
    }

    private void say(String what, Path file, String how) {
        PrintWriter printer = spec.commandLine().getOut();
        printer.printf(Locale.ROOT, "%-9s %s: %s%n", what, file, how);
        printer.flush();
    }

    private double elapsed() {
        return (System.nanoTime() - begun) / 1e9;
    }

    private Path randomWeights() {
        Path file = out.resolve("weights.safetensors");
        BackboneWeights drawn = BackboneWeights.random(withoutClassifier(SlowConfig.SLOW_D_R50), seed);
        drawn.tensors().forEach((name, tensor) -> {
            if (name.endsWith("branch2.c_bn.weight")) {
                scale(tensor, BRANCH_GAIN);
            }
        });
        drawn.write(file, seed, 0);
        say("weights", file, "random (seed " + seed + "), not trained");
        return file;
    }

    private static SlowConfig withoutClassifier(SlowConfig config) {
        return config.withHead(new SlowConfig.Head(config.head().pool(), 0, config.head().dropout()));
    }

    private static void scale(HostArray tensor, double factor) {
        for (int i = 0; i < tensor.elements(); i++) {
            tensor.set(i, tensor.get(i) * factor);
        }
    }

    private MovieFeatures encode(MovieEncoder encoder, Path film) {
        if (!Terminal.isErr()) {
            return encoder.encode(film, EncodingProgress.NONE);
        }
        ProgressBar bar = new ProgressBar(spec.commandLine().getErr(), film.getFileName().toString());
        try {
            return encoder.encode(film, bar);
        } finally {
            bar.clear();
        }
    }

    private FilmReport report(ProceduralFilm made, MovieFeatures features, MovieEncoder encoder, String speed) {
        List<FilmReport.Shot> shots = made.shots().stream()
            .map(shot -> new FilmReport.Shot(shot.start(), shot.end(), String.valueOf((char) ('A' + shot.scene())))).toList();
        double[] starts = new double[features.clips()];
        float[][] rows = new float[features.clips()][];
        for (int k = 0; k < starts.length; k++) {
            starts[k] = features.start(k);
            rows[k] = features.feature(k);
        }
        double clip = encoder.plan().span();
        return new FilmReport(NAME + ".mp4", made.duration(), clip, starts, rows, shots,
            new Stills(made.duration(), starts, clip, shots).of(features.film()), remarks(encoder), facts(encoder, speed));
    }

    private static List<String> remarks(MovieEncoder encoder) {
        String film = "The film is made by arithmetic: scenes of moving shapes, most of which come back later.";
        return List.of(encoder.isRandom() ? film + " The weights are random, not trained: what groups here are colours and textures seen "
            + "through random filters. That shows the whole way working, and nothing learned." : film);
    }

    private Map<String, String> facts(MovieEncoder encoder, String speed) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Command", "kinema " + String.join(" ", spec.commandLine().getParent().getParseResult().originalArgs()));
        facts.put("Weights", weights != null ? weights + (encoder.isRandom() ? ", random" : "")
            : "random (seed " + seed + "), Slow-D with 50 layers; each residual branch at " + BRANCH_GAIN + " of its start in training");
        facts.put("Device", encoder.device() + ", " + encoder.precision().name().toLowerCase(Locale.ROOT));
        facts.put("Time", speed + String.format(Locale.ROOT, ", %.1f s in all", elapsed()));
        facts.put("Made by", "Kinema " + Version.CURRENT + ", Java " + System.getProperty("java.version"));
        return facts;
    }
}
