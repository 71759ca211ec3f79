package dev.kinema.benchmarks.films;

import dev.kinema.KinemaException;
import dev.kinema.benchmarks.JavaProcess;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Seconds from the start of a process to the first feature that it prints, each time in a fresh Java: its start, reading Slow-D's weights,
 * compiling, decoding, computing. Usage: {@code FirstFeature [fp32|bf16|auto] [times] [FILM | SECONDS]}; a number of seconds makes a film
 * of 640 x 360 at 25 pictures a second.
 */
public final class FirstFeature {
    private static final String CHILD = "child";

    private FirstFeature() {}

    public static void main(String[] args) {
        if (args.length == 4 && args[0].equals(CHILD)) {
            print(args[1], Path.of(args[2]), Path.of(args[3]));
            return;
        }
        String precision = args.length > 0 ? args[0] : "auto";
        int times = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        QuietRounds rounds = new QuietRounds();
        try (TrialFilm trial = TrialFilm.of(args.length > 2 ? args[2] : "8")) {
            System.out.printf("%s, %s%n%n", trial.words(), precision);
            List<Double> seconds = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                seconds.add(rounds.seconds(() -> once(precision, trial)));
                System.out.printf(Locale.ROOT, "%.2f s%n", seconds.get(i));
            }
            System.out.printf(Locale.ROOT, "%nmedian of %d: %.2f s (%.2f to %.2f)%n%s%n", times, QuietRounds.median(seconds),
                Collections.min(seconds), Collections.max(seconds), rounds.words());
        }
    }

    /** Until the child's line is here; then it is ended, and waited for. */
    private static double once(String precision, TrialFilm trial) {
        List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(word -> word.startsWith("-X")).toList();
        JavaProcess child = new JavaProcess(options, FirstFeature.class,
            List.of(CHILD, precision, trial.weights().toString(), trial.film().toString()));
        double[] seconds = new double[1];
        long begun = System.nanoTime();
        child.line(line -> {
            seconds[0] = (System.nanoTime() - begun) * 1e-9;
            return line.startsWith("[");
        }).orElseThrow(() -> new KinemaException("the process that was started printed no feature: see what it said above"));
        return seconds[0];
    }

    private static void print(String precision, Path weights, Path film) {
        PrecisionChoice choice = PrecisionChoice.valueOf(precision.toUpperCase(Locale.ROOT));
        MovieEncoderConfig config = MovieEncoderConfig.of(weights).withPrecision(choice);
        Cancellation cancellation = Cancellation.onRequest();
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            encoder.stream(film, clip -> System.out.println("[" + clip.values()[0] + ", ...] of " + clip.values().length), cancellation);
        }
    }
}
