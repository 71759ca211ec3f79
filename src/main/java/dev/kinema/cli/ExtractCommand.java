package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureFailure;
import dev.kinema.data.FeatureHeader;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.Film;
import dev.kinema.data.FilmList;
import dev.kinema.data.ListFormat;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.embed.FeatureExtraction;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.run.FolderLock;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema extract}: features of many films into one store, for training. */
@Command(name = "extract", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Write the features of many films into a feature store, to train on. An interrupted run goes on with the films that are "
        + "not done when the same command is given again; films that failed are tried again.",
    footer = {"", "The store has store.json (what all features have in common), index.jsonl (a line per film) and a safetensors file per "
        + "film: features F32 [T,width] and starts F64 [T]. One run at a time writes to a store."})
final class ExtractCommand implements Callable<Integer> {
    /** Endings of lists; every other file is a film. */
    private static final String LISTS = "(?i).*\\.(csv|txt|tsv|list|lst)";
    /** Of films that failed, so many are named at the end. */
    private static final int NAMED = 10;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "LIST",
        description = "Lists of films (.csv, .txt, .tsv, .list: a path and perhaps a label a line), folders, or films.")
    private List<Path> lists = List.of();

    @Option(names = "--weights", paramLabel = "FILE",
        description = "The backbone's weights: a safetensors file, or a checkpoint that can be imported.")
    private Path weights;

    @Option(names = "--out", required = true, paramLabel = "STORE", description = "The store's folder; made if it is not there.")
    private Path out;

    @Option(names = "--hop", defaultValue = "1", paramLabel = "S", description = "Seconds from clip to clip (${DEFAULT-VALUE}).")
    private double hop;

    @Option(names = "--separator", paramLabel = "TEXT", description = "What is between the fields of a list's lines (a space).")
    private String separator = " ";

    @Option(names = "--prefix", paramLabel = "DIR", description = "The folder that the paths in lists start from (the current one).")
    private Path prefix = Path.of("");

    @Option(names = "--precision", defaultValue = "auto", paramLabel = "P",
        description = "fp32, bf16, or auto (default): bf16 where the device has it.")
    private PrecisionChoice precision;

    @Option(names = "--batch", defaultValue = "1", paramLabel = "N", description = "Clips computed at once (${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--pad-short", description = "Repeat the last frame of a film that is shorter than a clip, instead of refusing it.")
    private boolean padShort;

    @Option(names = "--max-failed", defaultValue = "0.05", paramLabel = "SHARE",
        description = "Share of the films that may fail, from 0 to 1 (${DEFAULT-VALUE}): beyond it the list is taken for wrong.")
    private double maxFailed;

    @Option(names = "--verify", description = "Write nothing: read the whole store, and say what is damaged. With --weights, refuse "
        + "a store of others.")
    private boolean verify;

    @Option(names = "--progress", description = "Show the progress bar although standard error is no terminal.")
    private boolean progress;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private ProgramsOption programs;

    @Override
    public Integer call() {
        checkOptions();
        return verify ? verify() : extract();
    }

    private void checkOptions() {
        if (verify && !lists.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--verify reads a store: leave out '" + lists.get(0) + "'");
        }
        if (!verify && (lists.isEmpty() || weights == null)) {
            throw new ParameterException(spec.commandLine(), lists.isEmpty() ? "no LIST was given: name lists, folders or films"
                : "no --weights were given: name the backbone's");
        }
        if (!(hop >= MovieEncoderConfig.LEAST_HOP) || Double.isInfinite(hop)) {
            throw new ParameterException(spec.commandLine(), "--hop " + hop + ": it must be a number of seconds, "
                + MovieEncoderConfig.LEAST_HOP + " or more");
        }
        if (batch < 1) {
            throw new ParameterException(spec.commandLine(), "--batch " + batch + ": it must be 1 or more");
        }
        if (precision == PrecisionChoice.INT8) {
            throw new ParameterException(spec.commandLine(), "--precision int8 is not for stores: choose fp32, bf16 or auto, or write"
                + " features with 'kinema embed --precision int8 --calibration FILE'");
        }
        if (!(maxFailed >= 0 && maxFailed <= 1)) {
            throw new ParameterException(spec.commandLine(), "--max-failed " + maxFailed + ": it must be a share, from 0 to 1");
        }
    }

    private int extract() {
        List<Film> films = films();
        OutputFolder.check(out);
        MovieEncoderConfig config = programs.in(MovieEncoderConfig.of(weights).withDevice(device.device(), device.threads()))
            .withPrecision(precision).withHop(hop).withBatch(batch).withPadShort(padShort);
        FeatureExtraction.Result result;
        Report report = new Report();
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            if (encoder.isRandom()) {
                out().println("random weights: features are those of an untrained network");
            }
            OutputFolder.make(out);
            try (FolderLock lock = FolderLock.of(out, "choose another folder with --out")) {
                result = FeatureExtraction.run(encoder, out, films, maxFailed, report);
            } finally {
                report.clear();
            }
        }
        out().printf(Locale.ROOT, "%d of %d films done, %d of them before; %d clips in %.1f s -> %s%n", result.done() + result.skipped(),
            films.size(), result.skipped(), result.clips(), result.seconds(), out);
        return summary(result.failed(), films.size());
    }

    /** The films of all lists; one that is there twice is done once. */
    private List<Film> films() {
        ListFormat format = new ListFormat(separator, prefix);
        Map<String, Film> films = new LinkedHashMap<>();
        for (Path list : lists) {
            boolean isFilm = !Files.isDirectory(list) && !list.toString().matches(LISTS);
            List<Film> found = isFilm ? List.of(new Film(list.toString(), list, Film.NO_LABEL)) : FilmList.read(list, format).films();
            for (Film film : found) {
                Film other = films.putIfAbsent(film.id(), film);
                if (other != null && !other.equals(film)) {
                    throw new KinemaException("'" + list + "' has the film '" + film.id() + "', as another list has, but as "
                        + describe(film) + " and not " + describe(other) + ": extract them to two stores, or make the lists agree");
                }
            }
        }
        return new ArrayList<>(films.values());
    }

    private static String describe(Film film) {
        return "'" + film.path() + "' " + (film.isLabelled() ? "with label " + film.label() : "without label");
    }

    private int summary(List<FeatureFailure> failed, int films) {
        if (failed.isEmpty()) {
            return ExitCode.DONE;
        }
        if (films > 1) {
            String more = failed.size() > NAMED ? " and " + (failed.size() - NAMED) + " more, see index.jsonl" : "";
            err().println("kinema: " + failed.size() + " of " + films + " films failed: "
                + String.join(", ", failed.stream().limit(NAMED).map(f -> f.film().id()).toList()) + more);
        }
        return ExitCode.FAILED;
    }

    private int verify() {
        FeatureStore store = FeatureStore.open(out);
        if (weights != null) {
            store.requireBackbone(Sha256.of(weights));
        }
        List<FeatureEntry> entries = store.entries();
        FeatureHeader header = store.header();
        long labelled = entries.stream().filter(e -> e.film().isLabelled()).count();
        long clips = entries.stream().mapToLong(FeatureEntry::clips).sum();
        out().printf(Locale.ROOT, "%s: %s, %d labelled, %d clips every %s s, features of width %d in %s on %s, weights %s%n",
            out, films(entries.size()), labelled, clips, header.hop(), header.width(), header.precision(), header.device(),
            header.weightsSha256());
        store.failures().forEach(f -> out().println("failed: " + f.film().id() + ": " + Main.line(f.reason())));
        List<String> wrong = store.verify();
        wrong.forEach(w -> err().println("kinema: " + Main.line(w)));
        out().println(wrong.isEmpty() ? "all features are whole" : wrong.size() + " of " + films(entries.size()) + " damaged");
        return wrong.isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
    }

    /** Says what becomes of each film. */
    private final class Report implements FeatureExtraction.Watcher {
        private int pending;
        private ProgressBar bar;

        @Override
        public void counted(int pendingFilms, int skipped) {
            pending = pendingFilms;
            if (skipped > 0) {
                out().println(films(skipped) + " done before, skipped");
            }
        }

        @Override
        public EncodingProgress begun(Film film, int place) {
            if (!progress && !Terminal.isErr()) {
                return EncodingProgress.NONE;
            }
            bar = new ProgressBar(err(), (place + 1) + "/" + pending + " " + name(film));
            return bar;
        }

        @Override
        public void done(FeatureEntry entry, double seconds) {
            clear();
            out().printf(Locale.ROOT, "%s: %d clips in %.1f s (%.2f clips/s)%s%n", entry.id(), entry.clips(), seconds,
                entry.clips() / seconds, entry.damage().isEmpty() ? "" : "; damage: " + entry.damage());
        }

        @Override
        public void failed(Film film, KinemaException reason) {
            clear();
            Main.report(reason, spec.commandLine());
        }

        private void clear() {
            if (bar != null) {
                bar.clear();
            }
        }
    }

    private static String films(int count) {
        return count == 1 ? "1 film" : count + " films";
    }

    private static String name(Film film) {
        return film.path().getFileName() == null ? film.id() : film.path().getFileName().toString();
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
