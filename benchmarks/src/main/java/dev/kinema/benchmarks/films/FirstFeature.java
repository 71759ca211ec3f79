package dev.kinema.benchmarks.films;

import dev.kinema.embed.Cancellation;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
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
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(word -> word.startsWith("-X") || word.startsWith("-D"))
            .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), FirstFeature.class.getName(), CHILD, precision,
            trial.weights().toString(), trial.film().toString()));
        long begun = System.nanoTime();
        try {
            Process child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
                String line = lines.readLine();
                double seconds = (System.nanoTime() - begun) * 1e-9;
                if (line == null || !line.startsWith("[")) {
                    throw new IOException("the process that was started printed no feature: " + line);
                }
                return seconds;
            } finally {
                child.destroy();
                child.waitFor();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no feature was printed: see what the process said above", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a process was to end", e);
        }
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
