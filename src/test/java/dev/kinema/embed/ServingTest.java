package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.ProgramRunEvent;
import dev.kinema.device.cpu.CpuDevice;
import dev.kinema.embed.EncodingStoppedException.Reason;
import dev.kinema.video.GivenFilm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many callers of one encoder: turns, bounds, and every way in which a call ends early. */
@Timeout(60)
class ServingTest {
    private static final int WIDTH = 64;
    private static final int HEIGHT = 48;

    /**
     * Seconds after which a call with a deadline of a fraction of one has ended: below the 5 that a decoder which hangs is waited for, and
     * enough for a busy machine.
     */
    static final double LATEST = 3;

    @TempDir
    static Path folder;
    private static Path film;
    private static MovieEncoderConfig config;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @BeforeAll
    static void make() {
        film = TinyNetwork.film(folder.resolve("film.mp4"), 9);
        config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32);
    }

    @AfterEach
    void nothingIsLeft() {
        threads.shutdownNow();
        assertEquals(List.of(), Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
            .filter(name -> name.startsWith("kinema-decode") || name.startsWith("kinema-encode")).toList());
    }

    private static MovieEncoder open(ServingConfig serving) {
        return MovieEncoder.open(config.withServing(serving));
    }

    /** Grey pictures at 15 frames per second: as many as are asked for, or without end; from frame {@code stallAt} on none comes. */
    private static GivenFilm given(String name, long frames, long stallAt) {
        ByteBuffer picture = ByteBuffer.allocateDirect(WIDTH * HEIGHT * 3);
        return GivenFilm.of(Path.of(name), WIDTH, HEIGHT, 15, () -> new Iterator<>() {
            private long next;

            @Override
            public boolean hasNext() {
                return next < frames;
            }

            @Override
            public ByteBuffer next() {
                if (next == stallAt) {
                    await(new CountDownLatch(1));
                }
                picture.put(0, (byte) next++);
                return picture;
            }
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new KinemaException("interrupted, as a source that stalls may be", e);
        }
    }

    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            assertFalse(Thread.interrupted(), "the test's time is over");
            Thread.onSpinWait();
        }
    }

    private static Reason reason(Future<?> call) {
        return ((EncodingStoppedException) assertThrows(ExecutionException.class, () -> call.get(30, TimeUnit.SECONDS)).getCause()).reason();
    }

    @ParameterizedTest
    @EnumSource(value = PrecisionChoice.class, names = {"FP32", "INT8"})
    void programsShareTheWorkAndTheBits(PrecisionChoice precision) throws Exception {
        MovieEncoderConfig settings = config;
        if (precision == PrecisionChoice.INT8) {
            assumeTrue(CpuDevice.hasInt8(), "this processor has no VNNI");
            Path ranges = folder.resolve("ranges.json");
            Calibration.of(config.weights(), List.of(film), Calibration.Settings.DEFAULT, done -> {
            }).write(ranges);
            settings = config.withInt8(ranges);
        }
        MovieFeatures alone;
        try (MovieEncoder encoder = MovieEncoder.open(settings.withDevice("cpu", 1))) {
            alone = encoder.encode(film);
        }
        try (MovieEncoder encoder = MovieEncoder.open(settings.withServing(ServingConfig.DEFAULT.withPrograms(2)))) {
            List<Future<MovieFeatures>> calls = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                calls.add(threads.submit(() -> encoder.encode(film)));
            }
            for (Future<MovieFeatures> call : calls) {
                // two programs over two threads have one thread each, which decides the order of sums
                assertEquals(alone.features().buffer(), call.get().features().buffer());
            }
            assertEquals(new EncoderLoad(0, 0), encoder.load());
        }
    }

    @Test
    void oneTooManyIsRefused() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT.withRunning(1).withWaiting(1).withPatience(Duration.ofSeconds(30)))) {
            Future<MovieFeatures> inside = threads.submit(() -> encoder.encode(film, (done, expected) -> await(goOn)));
            until(() -> encoder.load().running() == 1);
            Future<MovieFeatures> waiting = threads.submit(() -> encoder.encode(film));
            until(() -> encoder.load().waiting() == 1);
            EncodingStoppedException refused = assertThrows(EncodingStoppedException.class, () -> encoder.encode(film));
            assertEquals(Reason.BUSY, refused.reason());
            assertTrue(refused.getMessage().contains("film.mp4") && refused.getMessage().contains("try again"), refused.getMessage());
            goOn.countDown();
            assertEquals(inside.get().features().buffer(), waiting.get().features().buffer());
        }
    }

    @Test
    void patienceEnds() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT.withRunning(1).withPatience(Duration.ofMillis(50)))) {
            Future<MovieFeatures> inside = threads.submit(() -> encoder.encode(film, (done, expected) -> await(goOn)));
            until(() -> encoder.load().running() == 1);
            assertEquals(Reason.BUSY, assertThrows(EncodingStoppedException.class, () -> encoder.encode(film)).reason());
            goOn.countDown();
            assertEquals(4, inside.get().clips());
        }
    }

    @Test
    void aStalledFilmIsCancelled() {
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT)) {
            Cancellation cancellation = Cancellation.onRequest();
            CountDownLatch begun = new CountDownLatch(1);
            Future<MovieFeatures> call = threads.submit(
                () -> encoder.encode(given("stalled", Long.MAX_VALUE, 60), (done, expected) -> begun.countDown(), cancellation));
            await(begun);
            cancellation.cancel();
            assertEquals(Reason.CANCELLED, reason(call));
            assertTrue(cancellation.isCancelled());
            assertEquals(new EncoderLoad(0, 0), encoder.load());
            EncodingStoppedException again = assertThrows(EncodingStoppedException.class,
                () -> encoder.encode(film, EncodingProgress.NONE, cancellation));
            assertEquals(Reason.CANCELLED, again.reason(), "who has cancelled stays cancelled");
            assertEquals(4, encoder.encode(film).clips(), "the encoder goes on");
        }
    }

    @Test
    void whoWaitsIsCancelledToo() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT.withRunning(1))) {
            Future<MovieFeatures> inside = threads.submit(() -> encoder.encode(film, (done, expected) -> await(goOn)));
            until(() -> encoder.load().running() == 1);
            Cancellation cancellation = Cancellation.onRequest();
            Future<MovieFeatures> waiting = threads.submit(() -> encoder.encode(film, EncodingProgress.NONE, cancellation));
            until(() -> encoder.load().waiting() == 1);
            cancellation.cancel();
            assertEquals(Reason.CANCELLED, reason(waiting));
            goOn.countDown();
            assertEquals(4, inside.get().clips());
        }
    }

    /** Of a film that lies about its length, and of one that stalls. */
    @Test
    void deadlinesAreMet() {
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT)) {
            for (long stallAt : new long[] {-1, 40}) {
                GivenFilm endless = given("endless", Long.MAX_VALUE, stallAt);
                Cancellation soon = Cancellation.after(Duration.ofMillis(200));
                long begun = System.nanoTime();
                EncodingStoppedException stopped = assertThrows(EncodingStoppedException.class,
                    () -> encoder.encode(endless, EncodingProgress.NONE, soon));
                assertEquals(Reason.DEADLINE, stopped.reason());
                assertTrue(stopped.getMessage().contains("endless"), stopped.getMessage());
                double seconds = (System.nanoTime() - begun) / 1e9;
                assertTrue(seconds >= 0.2 && seconds < LATEST, seconds + " s");
            }
        }
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT.withDeadline(Duration.ofMillis(100)))) {
            long begun = System.nanoTime();
            EncodingStoppedException stopped = assertThrows(EncodingStoppedException.class,
                () -> encoder.encode(given("endless", Long.MAX_VALUE, -1)));
            assertTrue((System.nanoTime() - begun) / 1e9 < LATEST, "the deadline was 0.1 s ago");
            assertEquals(Reason.DEADLINE, stopped.reason());
            float[] feature = encoder.encode(new byte[16 * 32 * 32 * 3]);
            assertEquals(TinyNetwork.FEATURE, feature.length, "each call has its own time");
        }
    }

    /** The first frame of a folder is a pipe that nobody writes to: opening it lasts, and no interrupt ends that. */
    @Test
    void aReadThatHangsEndsTheCallLittleLater() throws Exception {
        Path frames = Files.createDirectory(folder.resolve("hangs"));
        Path pipe = frames.resolve("hangs_000001.jpg");
        makePipe(pipe);
        // long enough for a clip; what is in the others matters no more
        for (int i = 2; i <= 100; i++) {
            Files.createFile(frames.resolve(String.format(Locale.ROOT, "hangs_%06d.jpg", i)));
        }
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT.withDeadline(Duration.ofSeconds(1)))) {
            // after a second the decoder has come to the pipe on a busy machine, too
            long begun = System.nanoTime();
            EncodingStoppedException stopped = assertThrows(EncodingStoppedException.class, () -> encoder.encode(frames));
            double seconds = (System.nanoTime() - begun) / 1e9;
            assertEquals(Reason.DEADLINE, stopped.reason());
            // the second, and 5 s of grace for the decoder, which hangs indeed
            assertTrue(seconds >= 6 && seconds < 6 + LATEST, seconds + " s");
            assertEquals(new EncoderLoad(0, 0), encoder.load());
        } finally {
            // whoever reads finds the end of the pipe; opened for both, this does not wait for a reader
            FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().startsWith("kinema-decode")) {
                    thread.join(30_000);
                }
            }
        }
    }

    /** Java makes none itself. */
    private static void makePipe(Path file) throws InterruptedException {
        boolean made = false;
        try {
            made = new ProcessBuilder("mkfifo", file.toString()).start().waitFor() == 0;
        } catch (IOException e) {
            assumeTrue(false, "there is no mkfifo: " + e.getMessage());
        }
        assumeTrue(made, "mkfifo makes no pipe in " + file.getParent());
    }

    @Test
    void closingEndsWhoWaitsAndWhoRuns() {
        MovieEncoder encoder = open(ServingConfig.DEFAULT.withRunning(1));
        Future<MovieFeatures> inside = threads.submit(() -> encoder.encode(given("stalled", Long.MAX_VALUE, 50)));
        until(() -> encoder.load().running() == 1);
        Future<MovieFeatures> waiting = threads.submit(() -> encoder.encode(film));
        until(() -> encoder.load().waiting() == 1);
        encoder.close();
        assertEquals(Reason.CLOSED, reason(inside));
        assertEquals(Reason.CLOSED, reason(waiting));
        assertEquals(Reason.CLOSED, assertThrows(EncodingStoppedException.class, () -> encoder.encode(film)).reason());
    }

    @Test
    void whatASinkThrowsEndsTheCall() {
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT)) {
            KinemaException thrown = assertThrows(KinemaException.class, () -> encoder.stream(film, clip -> {
                throw new KinemaException("enough");
            }, Cancellation.onRequest()));
            assertEquals("enough", thrown.getMessage());
            assertEquals(new EncoderLoad(0, 0), encoder.load());
            assertEquals(4, encoder.encode(film).clips());
        }
    }

    @Test
    void givenFramesAreCutLikeAFilm() {
        try (MovieEncoder encoder = open(ServingConfig.DEFAULT)) {
            MovieFeatures features = encoder.encode(given("grey", 135, -1));
            MovieFeatures decoded = encoder.encode(film);
            assertEquals(decoded.times().buffer(), features.times().buffer());
            assertEquals(decoded.clips(), features.clips());
            assertArrayEquals(decoded.frameTimes().toDoubles(), features.frameTimes().toDoubles(), 1e-3, "a container counts in ticks");
            assertTrue(features.damage().isNone());
            assertEquals(Path.of("grey"), features.film());
            KinemaException brief = assertThrows(KinemaException.class, () -> encoder.encode(given("brief", 10, -1)));
            assertTrue(brief.getMessage().contains("brief") && brief.getMessage().contains("--pad-short"), brief.getMessage());
        }
    }

    private static List<RecordedEvent> runs(Path recording) throws IOException {
        return RecordingFile.readAllEvents(recording).stream().filter(event -> event.getEventType().getName().equals(ProgramRunEvent.NAME)).toList();
    }

    /** Clips of three calls fill batches of four, and give what they give alone. */
    @Test
    void callsShareBatches() throws Exception {
        MovieFeatures alone;
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            alone = encoder.encode(film);
        }
        Path file = folder.resolve("batches.jfr");
        try (Recording recording = new Recording();
                MovieEncoder encoder = MovieEncoder.open(config.withBatch(4).withServing(ServingConfig.DEFAULT.withGather(Duration.ofSeconds(5))))) {
            recording.enable(ProgramRunEvent.NAME);
            recording.start();
            List<Future<MovieFeatures>> calls = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                calls.add(threads.submit(() -> encoder.encode(film)));
            }
            for (Future<MovieFeatures> call : calls) {
                float[] expected = alone.features().toFloats();
                // another batch may choose other kernels: some units in the last place of numbers of about 1
                assertArrayEquals(expected, call.get().features().toFloats(), 1e-5f);
            }
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> runs = runs(file);
        assertEquals(3, runs.size(), () -> "12 clips in batches of 4: " + runs);
        assertTrue(runs.stream().allMatch(run -> run.getString("graph").contains("[4, 16, 32, 32, 3]")), runs::toString);
    }

    /** A clip that nobody joins is computed alone: it would pay for the whole batch otherwise. */
    @Test
    void aLoneClipDoesNotPayForABatch() throws Exception {
        Path file = folder.resolve("lone.jfr");
        try (Recording recording = new Recording();
                MovieEncoder encoder = MovieEncoder.open(config.withBatch(4).withServing(ServingConfig.DEFAULT.withGather(Duration.ZERO)))) {
            recording.enable(ProgramRunEvent.NAME);
            recording.start();
            encoder.encode(new byte[16 * 32 * 32 * 3]);
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> runs = runs(file);
        assertEquals(1, runs.size());
        assertTrue(runs.get(0).getString("graph").contains("[1, 16, 32, 32, 3]"), runs::toString);
        assertFalse(runs.get(0).getDuration().isZero());
        assertEquals("cpu", runs.get(0).getString("device"));
        assertTrue(runs.get(0).getLong("plannedBytes") > 16 * 32 * 32 * 3, runs::toString);
    }
}
