package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Precision;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.ClipReader;
import dev.kinema.video.Damage;
import dev.kinema.video.VideoFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Films through tiny networks: shapes, times, order, threads, and every way to stop. */
@Timeout(60)
class MovieEncoderTest {
    /** 4 clips at a hop of 2 s, the last of which needs no padding. */
    private static final double SECONDS = 9;

    @TempDir
    static Path folder;
    private static Path film;
    private static MovieEncoderConfig config;

    @BeforeAll
    static void make() {
        film = TinyNetwork.film(folder.resolve("film.mp4"), SECONDS);
        config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32);
    }

    @AfterEach
    void noDecoderIsLeft() {
        assertFalse(Thread.interrupted(), "a test left its thread interrupted");
        assertEquals(List.of(), Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("kinema-decode")).toList());
    }

    @Test
    void shapesAndTimes() {
        try (MovieEncoder encoder = MovieEncoder.open(config.withContextualizer(TinyNetwork.contextualizer(folder)))) {
            assertTrue(encoder.isRandom());
            assertEquals(OptionalInt.of(TinyNetwork.EVENT), encoder.eventWidth());
            assertEquals(OptionalInt.of(TinyNetwork.WINDOW), encoder.window());
            MovieFeatures features = encoder.encode(film);
            assertEquals(4, features.clips());
            assertEquals("F32 [4, 128]", features.features().type().toString());
            assertEquals("F32 [4, 32]", features.events().orElseThrow().type().toString());
            assertEquals("F64 [4, 2]", features.times().type().toString());
            assertEquals("F64 [4, 16]", features.frameTimes().type().toString());
            assertTrue(features.damage().isNone());
            for (int k = 0; k < 4; k++) {
                assertEquals(2.0 * k, features.start(k), 1e-12);
                assertEquals(2.0 * k + 64 / 30.0, features.end(k), 1e-12);
                // a picture is at most one frame of the film (1/15 s) older than the time it stands for
                assertEquals(2.0 * k + 15 * 4 / 30.0, features.frameTimes().get(k * 16 + 15), 1 / 15.0 + 1e-6);
                assertTrue(isAlive(features.feature(k)) && isAlive(features.event(k)));
            }
            assertFalse(Arrays.equals(features.feature(0), features.feature(3)), "two shots have one feature");
            assertThrows(KinemaException.class, () -> features.feature(4));
        }
    }

    private static boolean isAlive(float[] values) {
        double sum = 0;
        for (float v : values) {
            sum += Math.abs(v);
        }
        return sum > 0 && sum < 1e9;
    }

    @Test
    void hopIsSettable() {
        try (MovieEncoder encoder = MovieEncoder.open(config.withHop(0.75))) {
            MovieFeatures features = encoder.encode(film);
            assertEquals(10, features.clips());
            assertEquals(0.75 * 9, features.start(9), 1e-12);
        }
    }

    @Test
    void streamingGivesTheSameBitsInOrder() {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            MovieFeatures whole = encoder.encode(film);
            List<ClipFeature> streamed = new ArrayList<>();
            Damage damage;
            try (ClipStream clips = encoder.open(film)) {
                damage = encoder.stream(clips, streamed::add, EncodingProgress.NONE);
            }
            assertTrue(damage.isNone());
            assertEquals(whole.clips(), streamed.size());
            for (int k = 0; k < streamed.size(); k++) {
                assertEquals(k, streamed.get(k).index());
                assertEquals(whole.start(k), streamed.get(k).start());
                assertArrayEquals(whole.feature(k), streamed.get(k).values());
            }
        }
    }

    @Test
    void anotherEncoderGivesTheSameBits() {
        MovieFeatures first;
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            first = encoder.encode(film);
            assertEquals(first.features().buffer(), encoder.encode(film).features().buffer());
        }
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            assertEquals(first.features().buffer(), encoder.encode(film).features().buffer());
        }
    }

    @Test
    void batchesGiveTheSameFeatures() {
        MovieFeatures single;
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            single = encoder.encode(film);
        }
        List<Long> progress = new ArrayList<>();
        // 4 clips in batches of 3: the second batch is not full
        try (MovieEncoder encoder = MovieEncoder.open(config.withBatch(3))) {
            MovieFeatures batched = encoder.encode(film, (done, expected) -> {
                progress.add(done);
                assertEquals(OptionalLong.of(4), expected);
            });
            assertEquals(4, batched.clips());
            // another batch may choose other kernels, so sums have another order
            assertArrayEquals(single.features().toFloats(), batched.features().toFloats(), 1e-5f * largest(single.features().toFloats()));
        }
        assertEquals(List.of(0L, 3L, 4L), progress);
    }

    private static float largest(float[] values) {
        float most = 0;
        for (float v : values) {
            most = Math.max(most, Math.abs(v));
        }
        return most;
    }

    @Test
    void framesGiveTheSameBitsAsTheFilm() {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            MovieFeatures features = encoder.encode(film);
            List<ByteBuffer> clips = new ArrayList<>();
            try (VideoFile video = VideoFile.open(film); ClipReader reader = video.clips(encoder.plan())) {
                ByteBuffer clip = ByteBuffer.allocate(reader.clipBytes());
                while (reader.next(clip, 0)) {
                    clips.add(clip);
                    clip = ByteBuffer.allocate(reader.clipBytes());
                }
            }
            List<float[]> all = encoder.encodeFrames(clips);
            for (int k = 0; k < features.clips(); k++) {
                assertArrayEquals(features.feature(k), all.get(k));
            }
            assertArrayEquals(features.feature(1), encoder.encode(clips.get(1).array()));
            ByteBuffer padded = ByteBuffer.allocateDirect(clips.get(2).capacity() + 10).position(10);
            padded.put(clips.get(2).duplicate()).position(10);
            assertArrayEquals(features.feature(2), encoder.encode(padded));
            assertEquals(10, padded.position(), "a buffer that is read stays as it was");
            String message = assertThrows(KinemaException.class, () -> encoder.encode(new byte[100])).getMessage();
            assertTrue(message.contains("100 bytes") && message.contains("[16, 32, 32, 3]"), message);
        }
    }

    @Test
    void cpuAgreesWithTheReference() {
        byte[] clip = new byte[16 * 32 * 32 * 3];
        new java.util.Random(1).nextBytes(clip);
        float[] exact;
        try (MovieEncoder encoder = MovieEncoder.open(config.withDevice("reference", 2).withPrecision(PrecisionChoice.AUTO))) {
            assertEquals(Precision.FP32, encoder.precision());
            exact = encoder.encode(clip);
        }
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            // float32 over 26 layers: some units in the last place of the largest entry
            assertArrayEquals(exact, encoder.encode(clip), 1e-5f * largest(exact));
        }
        MovieEncoderConfig impossible = config.withDevice("reference", 1).withPrecision(PrecisionChoice.BF16);
        assertTrue(assertThrows(KinemaException.class, () -> MovieEncoder.open(impossible)).getMessage().contains("bf16"));
    }

    @Test
    void bf16IsNearFp32() {
        byte[] clip = new byte[16 * 32 * 32 * 3];
        new java.util.Random(1).nextBytes(clip);
        try (MovieEncoder full = MovieEncoder.open(config);
                MovieEncoder auto = MovieEncoder.open(config.withPrecision(PrecisionChoice.AUTO))) {
            assumeTrue(auto.precision() == Precision.BF16, "this processor has no bf16");
            float[] exact = full.encode(clip);
            float[] rough = auto.encode(clip);
            // 8 bits of mantissa, errors adding up over 26 layers
            assertArrayEquals(exact, rough, 0.05f * largest(exact));
            assertFalse(Arrays.equals(exact, rough));
        }
    }

    @Test
    void shortFilmIsRefusedOrPadded() {
        Path brief = TinyNetwork.film(folder.resolve("short.mp4"), 1);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            String message = assertThrows(FilmException.class, () -> encoder.encode(brief)).getMessage();
            assertTrue(message.contains("short.mp4") && message.contains("--pad-short"), message);
            assertEquals(4, encoder.encode(film).clips(), "the encoder goes on after a film that failed");
        }
        try (MovieEncoder encoder = MovieEncoder.open(config.withPadShort(true))) {
            assertEquals(1, encoder.encode(brief).clips());
        }
    }

    @Test
    void errorsOfTheDecoderReachTheCaller() throws IOException {
        Path text = Files.writeString(folder.resolve("text.mp4"), "this is no film, though its name says so");
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            KinemaException error = assertThrows(FilmException.class, () -> encoder.encode(text));
            assertTrue(error.getMessage().contains("text.mp4"), error.getMessage());
            assertTrue(error.getCause() instanceof KinemaException, "the decoder's own error is the cause");
            KinemaException missing = assertThrows(FilmException.class, () -> encoder.encode(folder.resolve("none.mp4")));
            assertTrue(missing.getMessage().contains("no film"), missing.getMessage());
        }
    }

    /** A bug, too little memory or a failing disk under one film's decoder is that film's failure, and not its fault. */
    @Test
    void whatGoesWrongUnexpectedlyInTheDecoderNamesTheFilm() {
        // 2 GiB and more: the size overflows, which nothing before the decoder's thread looks at
        ClipPlan impossible = ClipPlan.of(43, 4, 2, 4096);
        try (ClipStream clips = new ClipStream(film, impossible, 0, ClipMemory.of(impossible, 1, 1, 1))) {
            KinemaException error = assertThrowsExactly(KinemaException.class, () -> clips.next(Long.MAX_VALUE));
            assertTrue(error.getMessage().contains(film.toString()) && error.getMessage().contains("bug"), error.getMessage());
            assertTrue(error.getCause() instanceof IllegalArgumentException, "the cause is kept");
        }
        OutOfMemoryError memory = new OutOfMemoryError("Java heap space");
        KinemaException error = ClipStream.failed(film, memory);
        assertTrue(error.getMessage().contains(film.toString()) && error.getMessage().contains("-Xmx"), error.getMessage());
        assertSame(memory, error.getCause());
        KinemaException disk = ClipStream.failed(film, new KinemaException("cannot read it", new IOException("of the disk")));
        assertFalse(disk instanceof FilmException, disk::toString);
        assertThrows(LinkageError.class, () -> ClipStream.failed(film, new LinkageError()));
    }

    @Test
    void interruptStopsEncodingAndIsKept() {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            KinemaException error = assertThrows(KinemaException.class, () -> encoder.encode(film, (done, expected) -> {
                if (done == 1) {
                    Thread.currentThread().interrupt();
                }
            }));
            assertTrue(Thread.interrupted(), "the interrupt is kept for the caller");
            assertTrue(error.getMessage().contains("interrupted"), error.getMessage());
            Thread.currentThread().interrupt();
            assertThrows(KinemaException.class, () -> encoder.encode(film));
            assertTrue(Thread.interrupted());
            assertEquals(4, encoder.encode(film).clips());
        }
    }

    @Test
    void closingStopsAnEncodingThread() throws Exception {
        MovieEncoder encoder = MovieEncoder.open(config);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Future<?> encoding = threads.submit(() -> encoder.encode(film, (done, expected) -> {
                begun.countDown();
                await(goOn);
            }));
            await(begun);
            Future<?> closing = threads.submit(encoder::close);
            while (!encoder.isClosing()) {
                Thread.onSpinWait();
            }
            assertFalse(closing.isDone(), "close waits for the thread that encodes");
            goOn.countDown();
            closing.get(30, TimeUnit.SECONDS);
            ExecutionException thrown = assertThrows(ExecutionException.class, encoding::get);
            assertTrue(thrown.getCause().getMessage().contains("closed while"), thrown.getCause().getMessage());
            assertTrue(assertThrows(KinemaException.class, () -> encoder.encode(film)).getMessage().contains("is closed"));
            encoder.close();
        } finally {
            goOn.countDown();
            threads.shutdownNow();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void threadsTakeTurns() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            MovieFeatures alone = encoder.encode(film);
            List<Future<MovieFeatures>> together = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                together.add(threads.submit(() -> encoder.encode(film)));
            }
            for (Future<MovieFeatures> one : together) {
                assertEquals(alone.features().buffer(), one.get().features().buffer());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void callbacksMayNotUseTheEncoder() {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            assertThrows(IllegalStateException.class, () -> encoder.encode(film, (done, expected) -> encoder.encode(film)));
            assertThrows(IllegalStateException.class, () -> encoder.encode(film, (done, expected) -> encoder.close()));
            assertEquals(4, encoder.encode(film).clips());
        }
    }

    @Test
    void streamsBelongToTheirEncoderAndAreReadOnce() {
        try (MovieEncoder encoder = MovieEncoder.open(config); MovieEncoder other = MovieEncoder.open(config.withHop(1));
                ClipStream clips = encoder.open(film); ClipStream unread = encoder.open(film)) {
            assertThrows(IllegalArgumentException.class, () -> other.encode(clips, EncodingProgress.NONE));
            assertEquals(4, encoder.encode(clips, EncodingProgress.NONE).clips());
            assertThrows(KinemaException.class, () -> encoder.encode(clips, EncodingProgress.NONE));
            unread.close();
            assertThrows(KinemaException.class, () -> encoder.encode(unread, EncodingProgress.NONE));
        }
    }

    @Test
    void weightsMustBelongTogether() {
        Path wide = folder.resolve("wide-txe.safetensors");
        ContextualizerWeights.random(TinyNetwork.contextualizer().withSizes(256, 32, 1, 4, 64, 3), 1)
            .write(wide, TinyNetwork.config().clip(), 1, 0);
        String message = assertThrows(KinemaException.class, () -> MovieEncoder.open(config.withContextualizer(wide))).getMessage();
        assertTrue(message.contains("256") && message.contains("128"), message);
        assertNotEquals(config, config.withContextualizer(wide));
    }

    @Test
    void realFilmsAreEncodedAsFarAsTheyCanBeDecoded() {
        Path shared = Path.of("..", "shared", "videos");
        assumeTrue(Files.isReadable(shared.resolve("broken/truncated_60pct.mp4")), "the films " + shared + " are not on this machine");
        try (MovieEncoder encoder = MovieEncoder.open(config.withHop(1).withPadShort(true))) {
            MovieFeatures truncated = encoder.encode(shared.resolve("broken/truncated_60pct.mp4"));
            assertEquals("60 frames missing", truncated.damage().describe().split(",")[0]);
            MovieFeatures long70 = encoder.encode(shared.resolve("tears-of-steel-battle-clip-medium.webm"));
            assertEquals(69, long70.clips());
            assertTrue(long70.damage().isNone());
        }
    }
}
