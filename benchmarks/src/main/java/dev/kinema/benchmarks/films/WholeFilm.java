package dev.kinema.benchmarks.films;

import dev.kinema.embed.Cancellation;
import dev.kinema.embed.ClipFeature;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * How much of the rate of pure compute is left when a film is encoded from its file: for some rounds in turns, the film by its path, and
 * then as many clips that lie in memory, by the same encoder. Slow-D with random weights, hops of two seconds. Usage:
 * {@code WholeFilm [fp32|bf16] [rounds] [FILM | SECONDS]}; a number of seconds makes a film of 640 x 360 at 25 pictures a second.
 */
public final class WholeFilm {
    private final MovieEncoder encoder;
    private final Path film;
    private final QuietRounds rounds = new QuietRounds();

    private WholeFilm(MovieEncoder encoder, Path film) {
        this.encoder = encoder;
        this.film = film;
    }

    public static void main(String[] args) {
        PrecisionChoice precision = PrecisionChoice.valueOf((args.length > 0 ? args[0] : "fp32").toUpperCase(Locale.ROOT));
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        try (TrialFilm trial = TrialFilm.of(args.length > 2 ? args[2] : "70");
                MovieEncoder encoder = MovieEncoder.open(MovieEncoderConfig.of(trial.weights()).withPrecision(precision))) {
            System.out.printf("%s, %s, %s%n%n", trial.words(), encoder.device(), encoder.precision());
            new WholeFilm(encoder, trial.film()).run(rounds);
        }
    }

    private void run(int count) {
        int clips = clipsOfFilm();
        System.out.printf("round  film: seconds  clips/s   memory: seconds  clips/s   share (%d clips)%n", clips);
        List<Double> shares = new ArrayList<>();
        for (int round = 0; round < count; round++) {
            double whole = rounds.seconds(this::encoding);
            double compute = rounds.seconds(() -> computing(clips));
            shares.add(compute / whole);
            System.out.printf(Locale.ROOT, "%5d %14.2f %8.2f %17.2f %8.2f %7.1f%%%n", round + 1, whole, clips / whole, compute,
                clips / compute, 100 * compute / whole);
        }
        System.out.printf(Locale.ROOT, "%nmedian share of pure compute: %.1f%% (%.1f%% to %.1f%%)%n%s%n", 100 * QuietRounds.median(shares),
            100 * Collections.min(shares), 100 * Collections.max(shares), rounds.words());
    }

    private double encoding() {
        long begun = System.nanoTime();
        clipsOfFilm();
        return (System.nanoTime() - begun) * 1e-9;
    }

    private int clipsOfFilm() {
        List<ClipFeature> features = new ArrayList<>();
        encoder.stream(film, features::add, Cancellation.onRequest());
        return features.size();
    }

    /** Seconds of one clip after the other, by the program that the film's clips go through. */
    private double computing(int clips) {
        int side = encoder.plan().framing().crop();
        byte[] clip = new byte[encoder.plan().frames() * side * side * 3];
        for (int i = 0; i < clip.length; i++) {
            clip[i] = (byte) (31 * i + i / 997);
        }
        long begun = System.nanoTime();
        for (int i = 0; i < clips; i++) {
            encoder.encode(clip);
        }
        return (System.nanoTime() - begun) * 1e-9;
    }
}
