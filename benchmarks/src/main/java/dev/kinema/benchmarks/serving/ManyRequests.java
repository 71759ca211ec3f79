package dev.kinema.benchmarks.serving;

import dev.kinema.benchmarks.memory.ProcessMemory;
import dev.kinema.benchmarks.memory.ResidentMemory;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.EncodingStoppedException;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.embed.ServingConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.EventFilm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Sends requests of 16 callers to one encoder of a small network and prints, after each tenth of them, what the process holds: a leak shows
 * in what is in use, the last column, as numbers that keep growing. What is resident grows with the most that was ever needed at a time,
 * and so it is printed where it lies. Of ten requests six are films of 8 s in a file, two are single clips, and two are films that are
 * cancelled after their first clip. Each film's features are held against those of the first. Then 64 callers come at once: {@link Burst}.
 * Usage: {@code ManyRequests [requests [seconds]]}; so many seconds, 6 unless said otherwise, nothing is asked before a look. Then Java's
 * compilers are done with what was called often, and have freed what they needed for it, of which they keep some for 5 s.
 */
public final class ManyRequests {
    private static final int CALLERS = 16;
    private static final int LOOKS = 10;
    /** A second more than the virtual machine keeps a compiler's memory for the next method. */
    private static final int REST_SECONDS = 6;
    private static final double MEBI = 1 << 20;

    private final MovieEncoder encoder;
    private final Path film;
    private final MovieFeatures expected;
    private final byte[] clip;

    private ManyRequests(MovieEncoder encoder, Path film) {
        this.encoder = encoder;
        this.film = film;
        this.expected = encoder.encode(film);
        this.clip = new byte[encoder.plan().frames() * encoder.plan().framing().crop() * encoder.plan().framing().crop() * 3];
    }

    public static void main(String[] args) throws Exception {
        int requests = args.length == 0 ? 10_000 : Integer.parseInt(args[0]);
        int seconds = args.length < 2 ? REST_SECONDS : Integer.parseInt(args[1]);
        if (requests < 1 || seconds < 0) {
            throw new IllegalArgumentException(requests + " requests, and " + seconds + " s before a look: ask for one or more, and for "
                + "none or more");
        }
        Path folder = Files.createTempDirectory("kinema-requests");
        Path weights = folder.resolve("weights.safetensors");
        Path film = folder.resolve("film.mp4");
        try {
            BackboneWeights.random(SlowConfig.slowD(26).withWidth(4).withClip(new SlowConfig.Clip(16, 32, 4))
                .withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 0, 0)), 1).write(weights, 1, 0);
            EventFilm.of(1, List.of(1, 2, 3, 4), EventFilm.Format.SMALL).write(film);
            MovieEncoderConfig config = MovieEncoderConfig.of(weights).withPrecision(PrecisionChoice.FP32)
                .withServing(ServingConfig.DEFAULT);
            try (MovieEncoder encoder = MovieEncoder.open(config)) {
                System.out.printf("%s, %d callers%n%n", encoder.device(), CALLERS);
                head("requests");
                new ManyRequests(encoder, film).run(requests, seconds);
            }
            System.out.println();
            Burst.run(config, film);
        } finally {
            Files.deleteIfExists(film);
            Files.deleteIfExists(weights);
            Files.delete(folder);
        }
    }

    private void run(int requests, int rest) throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        try {
            long begun = System.nanoTime();
            TimeUnit.SECONDS.sleep(rest);
            print("0", begun);
            // tenths, rounded up, and at the end what is left
            int step = (requests + LOOKS - 1) / LOOKS;
            for (int done = 0; done < requests; done += step) {
                int end = Math.min(done + step, requests);
                List<Future<?>> calls = new ArrayList<>();
                for (int i = done; i < end; i++) {
                    int kind = i % 10;
                    calls.add(callers.submit(() -> request(kind)));
                }
                for (Future<?> call : calls) {
                    call.get();
                }
                TimeUnit.SECONDS.sleep(rest);
                print(Integer.toString(end), begun);
            }
        } finally {
            callers.shutdownNow();
        }
    }

    private void request(int kind) {
        if (kind < 2) {
            encoder.encode(clip);
        } else if (kind < 4) {
            Cancellation cancellation = Cancellation.onRequest();
            try {
                encoder.stream(film, feature -> cancellation.cancel(), cancellation);
                throw new IllegalStateException("a cancelled film was encoded to its end");
            } catch (EncodingStoppedException e) {
                if (e.reason() != EncodingStoppedException.Reason.CANCELLED) {
                    throw e;
                }
            }
        } else if (!Arrays.equals(expected.features().toFloats(), encoder.encode(film).features().toFloats())) {
            throw new IllegalStateException("a film's features are not those that it had at first");
        }
    }

    static void head(String what) {
        System.out.printf("%-30s seconds  resident MiB  heap after GC MiB  direct buffers MiB  threads  of resident: heap  code  classes"
            + "  files   rest  in use MiB%n", what);
    }

    /** A row of what is held once so much was done. */
    static void print(String what, long begun) {
        double seconds = (System.nanoTime() - begun) / 1e9;
        ProcessMemory held = ProcessMemory.settled();
        ResidentMemory resident = ResidentMemory.now();
        System.out.printf(Locale.ROOT, "%-30s %7.1f %13.1f %18.2f %19.2f %8d %18.1f %5.1f %8.1f %6.1f %6.1f %11.1f%n", what, seconds,
            resident.all() / MEBI, held.heap() / MEBI, held.direct() / MEBI, Thread.activeCount(), resident.heap() / MEBI,
            resident.code() / MEBI, resident.classes() / MEBI, resident.files() / MEBI, resident.rest() / MEBI,
            ResidentMemory.inUse().all() / MEBI);
    }
}
