package dev.kinema.benchmarks.films;

import com.sun.management.OperatingSystemMXBean;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.ClipFeature;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How much of the rate of pure compute is left when a film is encoded from its file: for some rounds in turns, the film by its path, and
 * then as many clips that lie in memory, by the same encoder; with the processor time of either, of all threads. Slow-D with random weights,
 * hops of two seconds; in int8 with ranges of that film. Usage: {@code WholeFilm [fp32|bf16|int8] [rounds] [FILM | SECONDS] [PROGRAMS]}; a number of seconds makes a film of
 * 640 x 360 at 25 pictures a second, and without PROGRAMS there are as many as {@code kinema embed} has.
 */
public final class WholeFilm {
    private static final OperatingSystemMXBean PROCESS =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final MovieEncoder encoder;
    private final Path film;
    private final QuietRounds rounds = new QuietRounds();

    private WholeFilm(MovieEncoder encoder, Path film) {
        this.encoder = encoder;
        this.film = film;
    }

    /** Seconds on the clock, and of all processors together. */
    private record Time(double wall, double processors) {
    }

    public static void main(String[] args) {
        PrecisionChoice precision = PrecisionChoice.valueOf((args.length > 0 ? args[0] : "fp32").toUpperCase(Locale.ROOT));
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        try (TrialFilm trial = TrialFilm.of(args.length > 2 ? args[2] : "70");
                MovieEncoder encoder = MovieEncoder.open(config(trial, precision, args))) {
            System.out.printf("%s, %s, %s, programs: %d%n%n", trial.words(), encoder.device(), encoder.precision(),
                encoder.config().serving().programs());
            new WholeFilm(encoder, trial.film()).run(rounds);
        }
    }

    private static MovieEncoderConfig config(TrialFilm trial, PrecisionChoice precision, String[] args) {
        MovieEncoderConfig config = MovieEncoderConfig.of(trial.weights()).forThroughput();
        config = precision == PrecisionChoice.INT8 ? config.withInt8(trial.ranges()) : config.withPrecision(precision);
        return args.length > 3 ? config.withServing(config.serving().withPrograms(Integer.parseInt(args[3]))) : config;
    }

    private void run(int count) {
        int clips = clipsOfFilm();
        System.out.printf("        film:                          memory:%n");
        System.out.printf("round  seconds  processors  clips/s   seconds  processors  clips/s   share (%d clips)%n", clips);
        List<Double> shares = new ArrayList<>();
        for (int round = 0; round < count; round++) {
            Time whole = timed(this::clipsOfFilm);
            Time compute = timed(() -> computing(clips));
            double share = compute.wall / whole.wall;
            shares.add(share);
            System.out.printf(Locale.ROOT, "%5d %8.2f %11.2f %8.2f %9.2f %11.2f %8.2f %7.1f%%%n", round + 1, whole.wall, whole.processors,
                clips / whole.wall, compute.wall, compute.processors, clips / compute.wall, 100 * share);
        }
        System.out.printf(Locale.ROOT, "%nmedian share of pure compute: %.1f%% (%.1f%% to %.1f%%)%n%s%n", 100 * QuietRounds.median(shares),
            100 * Collections.min(shares), 100 * Collections.max(shares), rounds.words());
    }

    /** Of the attempt that was disturbed least. */
    private Time timed(Runnable run) {
        Map<Double, Double> processors = new HashMap<>();
        double wall = rounds.seconds(() -> {
            long cpu = PROCESS.getProcessCpuTime();
            long begun = System.nanoTime();
            run.run();
            double seconds = (System.nanoTime() - begun) * 1e-9;
            processors.put(seconds, (PROCESS.getProcessCpuTime() - cpu) * 1e-9);
            return seconds;
        });
        return new Time(wall, processors.get(wall));
    }

    private int clipsOfFilm() {
        List<ClipFeature> features = new ArrayList<>();
        encoder.stream(film, features::add, Cancellation.onRequest());
        return features.size();
    }

    /** As many clips by the programs that the film's clips go through. */
    private void computing(int clips) {
        int side = encoder.plan().framing().crop();
        byte[] clip = new byte[encoder.plan().frames() * side * side * 3];
        for (int i = 0; i < clip.length; i++) {
            clip[i] = (byte) (31 * i + i / 997);
        }
        encoder.encodeFrames(Collections.nCopies(clips, ByteBuffer.wrap(clip)));
    }
}
