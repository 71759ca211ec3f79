package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.kinema.device.cpu.CpuDevice;
import dev.kinema.embed.Calibration;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.embed.TinyNetwork;
import dev.kinema.video.FrameReader;
import dev.kinema.video.Framing;
import dev.kinema.video.VideoFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How many bytes of heap are allocated for each frame that is decoded and each clip that is encoded, once a film is under way. Programs
 * themselves allocate nothing: {@code dev.kinema.device.AllocationTest}.
 *
 * <p>A number that has grown is an object more for each frame or clip: a flight recording with {@code jdk.ObjectAllocationSample} shows
 * which. Where it is meant, put the new number here and say in the commit what it buys.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AllocationRatesTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int SECONDS = 150;
    private static final int WINDOW = 100;
    /** Frames that are looked at: after some thousand Java's compiler does away with objects. */
    private static final int FRAMES = 900;
    /** Clips of some seventy: the first has seen everything once, and at the second the decoder is still at work. */
    private static final int EARLIER = 2;
    private static final int LATER = 62;

    @TempDir
    static Path folder;
    private static Path film;
    private static Path weights;
    private static Path ranges;

    @BeforeAll
    static void make() {
        film = TinyNetwork.film(folder.resolve("film.mp4"), SECONDS);
        weights = TinyNetwork.backbone(folder);
        if (CpuDevice.hasInt8()) {
            ranges = folder.resolve("ranges.json");
            Calibration.of(weights, List.of(TinyNetwork.film(folder.resolve("short.mp4"), 6)), Calibration.Settings.DEFAULT, done -> {
            }).write(ranges);
        }
    }

    /** The least of the differences: what is done for each is in all of them, what the virtual machine does in passing is not. */
    private static long least(long[] marks, int count) {
        assertTrue(count >= 5, count + " marks");
        long least = Long.MAX_VALUE;
        for (int i = 1; i < count; i++) {
            least = Math.min(least, marks[i] - marks[i - 1]);
        }
        return least;
    }

    @Order(1)
    @ParameterizedTest
    @ValueSource(ints = {0, 32})
    void aDecodedFrame(int square) {
        long thread = Thread.currentThread().getId();
        long[] marks = new long[FRAMES / WINDOW];
        int count = 0;
        Framing framing = square == 0 ? Framing.whole() : Framing.square(square);
        try (VideoFile file = VideoFile.open(film, 1); FrameReader frames = file.frames(framing)) {
            ByteBuffer picture = ByteBuffer.allocateDirect(3 * frames.width() * frames.height());
            for (int n = 1; n <= FRAMES && frames.next(); n++) {
                frames.copyTo(picture, 0);
                if (n % WINDOW == 0) {
                    marks[count++] = THREADS.getThreadAllocatedBytes(thread);
                }
            }
        }
        // of each 480 are for reading its three planes: a pointer and a buffer each
        assertEquals(520 * WINDOW, least(marks, count), "bytes in " + WINDOW + " frames");
    }

    /** Of this thread and the encoder's; a clip of this film has 16 frames of which 30 pass by. */
    @Order(2)
    @ParameterizedTest
    @CsvSource({"FP32, 1", "FP32, 2", "BF16, 1", "BF16, 2", "INT8, 1", "INT8, 2"})
    void anEncodedClip(PrecisionChoice precision, int threads) {
        assumeTrue(precision != PrecisionChoice.BF16 || CpuDevice.hasBf16(), "this processor has no AVX512-BF16");
        assumeTrue(precision != PrecisionChoice.INT8 || CpuDevice.hasInt8(), "this processor has no VNNI");
        MovieEncoderConfig config = MovieEncoderConfig.of(weights).withDevice("cpu", threads);
        Marks marks = new Marks();
        try (MovieEncoder encoder = MovieEncoder.open(precision == PrecisionChoice.INT8 ? config.withInt8(ranges)
                : config.withPrecision(precision))) {
            encoder.stream(film, clip -> marks.add(), Cancellation.onRequest());
        }
        // the decoder runs ahead, so a clip's share is known on average alone: 10,200 to 10,900 were seen, 9,500 of them the pictures', and
        // less where Java's compiler was done early and had done away with objects
        long each = (marks.bytes[LATER] - marks.bytes[EARLIER]) / (LATER - EARLIER);
        assertTrue(each > 1200 && each < 11_100, () -> each + " bytes a clip: " + Arrays.toString(marks.bytes));
    }

    /** What the threads that are at work when the first clip comes have allocated by each later one. */
    private static final class Marks {
        private final long[] bytes = new long[SECONDS];
        private long[] threads;
        private long own;
        private int count;

        void add() {
            if (threads == null) {
                threads = Thread.getAllStackTraces().keySet().stream()
                    .filter(t -> t == Thread.currentThread() || t.getName().startsWith("kinema-")).mapToLong(Thread::getId).toArray();
                own = sum();
                own = sum() - own;
            }
            bytes[count++] = sum() - count * own;
        }

        private long sum() {
            long sum = 0;
            for (long thread : threads) {
                sum += THREADS.getThreadAllocatedBytes(thread);
            }
            return sum;
        }
    }
}
