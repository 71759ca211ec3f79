package dev.kinema.benchmarks.serving;

import dev.kinema.embed.Cancellation;
import dev.kinema.embed.EncoderLoad;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.embed.EncodingStoppedException;
import dev.kinema.embed.EncodingStoppedException.Reason;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.video.GivenFilm;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * 64 callers at once, of one encoder: films that are encoded, that are cancelled midway, that stall until their deadline, that come
 * over HTTP ({@link ServiceBurst}), and that are being encoded when the encoder is closed. It fails where a call ends in another way than it
 * should, where features differ from those of a call that is alone, and where more films are worked on at once than may be.
 */
final class Burst {
    private static final int CALLERS = 64;
    private static final int RUNNING = 2;
    private static final int STALLING = 16;
    private static final Duration DEADLINE = Duration.ofSeconds(1);
    private static final int STALLED_WIDTH = 64;
    private static final int STALLED_HEIGHT = 48;
    private static final int FRAMES_BEFORE_IT_STALLS = 40;
    private static final double MILLI = 1e6;

    private final MovieEncoder encoder;
    private final Path film;
    /** Of the film, when nobody else calls. */
    private final float[] expected;
    private final ExecutorService threads;

    private Burst(MovieEncoder encoder, Path film, ExecutorService threads) {
        this.encoder = encoder;
        this.expected = encoder.encode(film).features().toFloats();
        this.film = film;
        this.threads = threads;
    }

    static void run(MovieEncoderConfig config, Path film) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
        ManyRequests.head(CALLERS + " callers at once");
        long begun = System.nanoTime();
        // clips so close that a film lasts for a while
        try (MovieEncoder encoder = MovieEncoder.open(config.withHop(0.1).withServing(config.serving().withRunning(RUNNING)))) {
            Burst burst = new Burst(encoder, film, threads);
            ManyRequests.print("opened, one film encoded", begun);
            String films = burst.films();
            ManyRequests.print("a film each", begun);
            String cancelled = burst.cancelled();
            ManyRequests.print("a film each, cancelled midway", begun);
            String stalled = burst.stalled();
            ManyRequests.print(STALLING + " films that stall", begun);
            String served = ServiceBurst.run(encoder, film, CALLERS);
            ManyRequests.print("a film each, over HTTP", begun);
            String closed = burst.closed();
            ManyRequests.print("a film each, closed meanwhile", begun);
            System.out.printf("%n%s%n%s%n%s%n%s%n%s%n", films, cancelled, stalled, served, closed);
        } finally {
            threads.shutdownNow();
        }
    }

    private String films() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger waiting = new AtomicInteger();
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            calls.add(threads.submit(() -> requireExpected(encoder.encode(film, (done, all) -> {
                EncoderLoad load = encoder.load();
                running.accumulateAndGet(load.running(), Math::max);
                waiting.accumulateAndGet(load.waiting(), Math::max);
            }))));
        }
        for (Future<?> call : calls) {
            call.get();
        }
        if (running.get() > RUNNING) {
            throw new IllegalStateException(running.get() + " films were worked on at once, of " + RUNNING + " that may be");
        }
        return String.format(Locale.ROOT, "a film each: none failed or differs; at most %d were worked on at once, and %d waited",
            running.get(), waiting.get());
    }

    private void requireExpected(MovieFeatures features) {
        if (!Arrays.equals(expected, features.features().toFloats())) {
            throw new IllegalStateException("a film's features are not those that it has alone");
        }
    }

    private String cancelled() throws Exception {
        AtomicLong latest = new AtomicLong();
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            int clips = 1 + i % 8;
            calls.add(threads.submit(() -> {
                AtomicLong asked = new AtomicLong();
                Cancellation cancellation = Cancellation.onRequest();
                endsWith(Reason.CANCELLED, () -> encoder.encode(film, (done, expected) -> {
                    if (done >= clips && asked.compareAndSet(0, System.nanoTime())) {
                        cancellation.cancel();
                    }
                }, cancellation));
                latest.accumulateAndGet(System.nanoTime() - asked.get(), Math::max);
            }));
        }
        for (Future<?> call : calls) {
            call.get();
        }
        return String.format(Locale.ROOT, "cancelled after 1 to 8 clips: each ended at most %.1f ms later; %s", latest.get() / MILLI,
            load());
    }

    private String stalled() throws Exception {
        AtomicLong latest = new AtomicLong();
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < STALLING; i++) {
            calls.add(threads.submit(() -> {
                long begun = System.nanoTime();
                endsWith(Reason.DEADLINE, () -> encoder.encode(stalling(), EncodingProgress.NONE, Cancellation.after(DEADLINE)));
                latest.accumulateAndGet(System.nanoTime() - begun, Math::max);
            }));
        }
        for (Future<?> call : calls) {
            call.get();
        }
        return String.format(Locale.ROOT, "stalled, with a deadline of %d ms: each ended within %.1f ms; %s", DEADLINE.toMillis(),
            latest.get() / MILLI, load());
    }

    private String closed() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicInteger encoded = new AtomicInteger();
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            calls.add(threads.submit(() -> {
                try {
                    encoder.encode(film, (done, expected) -> begun.countDown());
                    encoded.incrementAndGet();
                } catch (EncodingStoppedException e) {
                    requireReason(Reason.CLOSED, e);
                }
            }));
        }
        begun.await();
        long asked = System.nanoTime();
        encoder.close();
        double millis = (System.nanoTime() - asked) / MILLI;
        for (Future<?> call : calls) {
            call.get();
        }
        return String.format(Locale.ROOT, "closed while they were encoded: closing took %.1f ms; %d of %d were done before", millis,
            encoded.get(), CALLERS);
    }

    private static void endsWith(Reason reason, Runnable call) {
        try {
            call.run();
        } catch (EncodingStoppedException e) {
            requireReason(reason, e);
            return;
        }
        throw new IllegalStateException("a call that was to end with " + reason + " came to its end");
    }

    private static void requireReason(Reason reason, EncodingStoppedException stopped) {
        if (stopped.reason() != reason) {
            throw stopped;
        }
    }

    private String load() {
        EncoderLoad load = encoder.load();
        return load.running() + " are worked on and " + load.waiting() + " wait after it";
    }

    /** Grey pictures at 15 a second, without end; after some none comes until the thread that asks is interrupted. */
    private static GivenFilm stalling() {
        ByteBuffer picture = ByteBuffer.allocateDirect(STALLED_WIDTH * STALLED_HEIGHT * 3);
        return GivenFilm.of(Path.of("stalling"), STALLED_WIDTH, STALLED_HEIGHT, 15, () -> new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public ByteBuffer next() {
                if (next++ == FRAMES_BEFORE_IT_STALLS) {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new IllegalStateException("interrupted, as a film that stalls may be", e);
                    }
                }
                return picture;
            }
        });
    }
}
