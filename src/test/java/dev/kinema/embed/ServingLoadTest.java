package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.cpu.LiveMemory;
import dev.kinema.video.GivenFilm;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bursts, and many requests in a row: nothing fails, and nothing grows. */
@Timeout(120)
class ServingLoadTest {
    private static final int BURST = 64;
    private static final int RUNNING = 3;
    private static final int ROUNDS = 200;
    private static final int REQUESTS_PER_ROUND = 10;

    @TempDir
    static Path folder;
    private static Path film;
    private static MovieEncoderConfig config;

    @BeforeAll
    static void make() {
        film = TinyNetwork.film(folder.resolve("film.mp4"), 2.5);
        config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withContextualizer(TinyNetwork.contextualizer(folder))
            .withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32).withServing(ServingConfig.DEFAULT.withPrograms(2).withRunning(RUNNING));
    }

    private static long decoders() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("kinema-decode")).count();
    }

    @Test
    void aBurstWaitsItsTurn() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(BURST);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            float[] expected = encoder.encode(film).features().toFloats();
            long held = LiveMemory.bytes();
            CountDownLatch together = new CountDownLatch(BURST);
            AtomicInteger most = new AtomicInteger();
            AtomicInteger mostDecoders = new AtomicInteger();
            List<Future<MovieFeatures>> calls = new ArrayList<>();
            for (int i = 0; i < BURST; i++) {
                calls.add(threads.submit(() -> {
                    together.countDown();
                    assertTrue(together.await(30, TimeUnit.SECONDS));
                    return encoder.encode(film, (done, expectedClips) -> {
                        most.accumulateAndGet(encoder.load().running(), Math::max);
                        mostDecoders.accumulateAndGet((int) decoders(), Math::max);
                    });
                }));
            }
            for (Future<MovieFeatures> call : calls) {
                assertArrayEquals(expected, call.get(60, TimeUnit.SECONDS).features().toFloats());
            }
            assertEquals(RUNNING, most.get(), "calls at once: as many as may be, and no more");
            assertTrue(mostDecoders.get() <= RUNNING, mostDecoders + " decoders at once");
            assertEquals(held, LiveMemory.bytes());
            assertEquals(new EncoderLoad(0, 0), encoder.load());
        } finally {
            threads.shutdownNow();
        }
    }

    /** Each call of a burst ends itself: once its film is open, or after one, two or three of its clips. */
    @Test
    void requestsCancelledMidwayLeaveNothing() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(BURST);
        Path longer = TinyNetwork.film(folder.resolve("longer.mp4"), 12);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            float[] expected = encoder.encode(longer).features().toFloats();
            long held = LiveMemory.bytes();
            List<Future<MovieFeatures>> calls = new ArrayList<>();
            for (int i = 0; i < BURST; i++) {
                int clips = i % 4;
                Cancellation cancellation = Cancellation.onRequest();
                calls.add(threads.submit(() -> encoder.encode(longer, (done, all) -> {
                    if (done > clips) {
                        cancellation.cancel();
                    }
                }, cancellation)));
            }
            for (Future<MovieFeatures> call : calls) {
                Throwable stopped = assertThrows(ExecutionException.class, () -> call.get(60, TimeUnit.SECONDS)).getCause();
                assertEquals(EncodingStoppedException.Reason.CANCELLED, ((EncodingStoppedException) stopped).reason());
            }
            assertEquals(new EncoderLoad(0, 0), encoder.load());
            assertEquals(0, decoders());
            assertEquals(held, LiveMemory.bytes());
            assertArrayEquals(expected, encoder.encode(longer).features().toFloats(), "who comes later sees nothing of them");
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void closingInABurstLeavesNothing() throws Exception {
        long before = LiveMemory.bytes();
        ExecutorService threads = Executors.newFixedThreadPool(BURST);
        // hundreds of clips each: seconds of work for all of them, of which little is done
        Path longer = TinyNetwork.film(folder.resolve("many-clips.mp4"), 12);
        MovieEncoder encoder = MovieEncoder.open(config.withHop(0.02));
        try {
            CountDownLatch begun = new CountDownLatch(1);
            List<Future<MovieFeatures>> calls = new ArrayList<>();
            for (int i = 0; i < BURST; i++) {
                calls.add(threads.submit(() -> encoder.encode(longer, (done, all) -> begun.countDown())));
            }
            assertTrue(begun.await(60, TimeUnit.SECONDS));
            encoder.close();
            int closed = 0;
            for (Future<MovieFeatures> call : calls) {
                try {
                    assertTrue(call.get(60, TimeUnit.SECONDS).clips() > 100);
                } catch (ExecutionException e) {
                    assertEquals(EncodingStoppedException.Reason.CLOSED, ((EncodingStoppedException) e.getCause()).reason());
                    closed++;
                }
            }
            assertTrue(closed > BURST / 2, closed + " were ended by it");
            assertEquals(0, decoders());
            assertEquals(before, LiveMemory.bytes(), "a closed encoder holds nothing");
        } finally {
            encoder.close();
            threads.shutdownNow();
        }
    }

    @Test
    void manyRequestsInARowLeaveNothing() {
        long before = LiveMemory.bytes();
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            rounds(encoder, ROUNDS / 10);
            long live = LiveMemory.bytes();
            long heap = heapInUse();
            long direct = directInUse();
            int threads = Thread.activeCount();
            rounds(encoder, ROUNDS);
            assertEquals(live, LiveMemory.bytes(), "native memory of programs");
            // classes loaded late and the tests' own bookkeeping; one clip kept per request would be 96 MB
            long heapGrowth = heapInUse() - heap;
            assertTrue(heapGrowth < 1 << 20, "heap grew by " + heapGrowth + " bytes in " + ROUNDS * REQUESTS_PER_ROUND + " requests");
            long directGrowth = directInUse() - direct;
            assertTrue(directGrowth < 1 << 20, "direct buffers grew by " + directGrowth + " bytes");
            assertEquals(0, decoders());
            assertTrue(Thread.activeCount() <= threads, Thread.activeCount() + " threads, " + threads + " before");
        }
        assertEquals(before, LiveMemory.bytes(), "a closed encoder holds nothing");
    }

    /** Clips, films given and in files, some of them cancelled in the middle, some broken. */
    private static void rounds(MovieEncoder encoder, int count) {
        byte[] clip = new byte[16 * 32 * 32 * 3];
        List<ByteBuffer> pictures = Collections.nCopies(35, ByteBuffer.allocate(48 * 36 * 3));
        GivenFilm given = GivenFilm.of(Path.of("given"), 48, 36, 15, pictures);
        GivenFilm brief = GivenFilm.of(Path.of("brief"), 48, 36, 15, pictures.subList(0, 5));
        for (int round = 0; round < count; round++) {
            for (int i = 0; i < REQUESTS_PER_ROUND - 4; i++) {
                encoder.encode(clip);
            }
            assertEquals(1, encoder.encode(film).clips());
            assertEquals(1, encoder.encode(given).clips());
            Cancellation cancellation = Cancellation.onRequest();
            assertThrows(EncodingStoppedException.class,
                () -> encoder.encode(given, (done, expected) -> cancellation.cancel(), cancellation));
            assertThrows(KinemaException.class, () -> encoder.encode(brief));
        }
    }

    /** The least of several looks, as collections are done when the virtual machine likes. */
    private static long heapInUse() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }

    private static long directInUse() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            least = Math.min(least, ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct")).mapToLong(BufferPoolMXBean::getMemoryUsed).sum());
        }
        return least;
    }
}
