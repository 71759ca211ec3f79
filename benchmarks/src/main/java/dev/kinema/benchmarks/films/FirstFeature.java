package dev.kinema.benchmarks.films;

import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.EventFilm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Seconds from the start of a process to the first feature that it prints, each time in a fresh Java: its start, reading Slow-D's weights,
 * compiling, decoding, computing. Usage: {@code FirstFeature [fp32|bf16|auto] [times] [FILM]}; without a film one of 640 x 360 is made.
 */
public final class FirstFeature {
    private static final String CHILD = "child";

    private FirstFeature() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length == 4 && args[0].equals(CHILD)) {
            print(args[1], Path.of(args[2]), Path.of(args[3]));
            return;
        }
        String precision = args.length > 0 ? args[0] : "auto";
        int times = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        Path folder = Files.createTempDirectory("kinema-first");
        Path weights = folder.resolve("weights.safetensors");
        Path made = folder.resolve("film.mp4");
        try {
            BackboneWeights.random(SlowConfig.SLOW_D_R50.withZeroInitFinalNorm(false), 1).write(weights, 1, 0);
            if (args.length < 3) {
                EventFilm.of(1, Collections.nCopies(4, 1), new EventFilm.Format(640, 360, 25, 2)).write(made);
            }
            List<Double> seconds = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                seconds.add(once(precision, weights, args.length < 3 ? made : Path.of(args[2])));
                System.out.printf(Locale.ROOT, "%.2f s%n", seconds.get(i));
            }
            Collections.sort(seconds);
            System.out.printf(Locale.ROOT, "median of %d: %.2f s (%.2f to %.2f)%n", times, seconds.get(times / 2), seconds.get(0),
                seconds.get(times - 1));
        } finally {
            Files.deleteIfExists(made);
            Files.deleteIfExists(weights);
            Files.delete(folder);
        }
    }

    /** Until the child's line is here; then it may end. */
    private static double once(String precision, Path weights, Path film) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(word -> word.startsWith("-X") || word.startsWith("-D"))
            .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), FirstFeature.class.getName(), CHILD, precision,
            weights.toString(), film.toString()));
        long begun = System.nanoTime();
        Process child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            double seconds = (System.nanoTime() - begun) * 1e-9;
            if (line == null || !line.startsWith("[")) {
                throw new IOException("the process that was started printed no feature: " + line);
            }
            return seconds;
        } catch (IOException e) {
            throw new UncheckedIOException("no feature was printed: see what the process said above", e);
        } finally {
            child.destroy();
            child.waitFor();
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
