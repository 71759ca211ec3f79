package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How many bytes of heap are allocated for each frame that is decoded and each clip that is encoded, once a film is under way. Programs
 * themselves allocate nothing: {@code dev.kinema.device.AllocationTest}.
 *
 * <p>A number that has grown is an object more for each frame or clip: a flight recording with {@code jdk.ObjectAllocationSample} shows
 * which. Where it is meant, put the new number here and say in the commit what it buys.
 */
class AllocationRatesTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int SECONDS = 60;
    private static final int FRAMES_PER_SECOND = 15;
    private static final int WINDOW = 100;
    /** Clips of some thirty: the first has seen everything once, and at the second the decoder is still at work. */
    private static final int EARLIER = 2;
    private static final int LATER = 22;

    @TempDir
    static Path folder;
    private static Path film;

    @BeforeAll
    static void make() {
        film = TinyNetwork.film(folder.resolve("film.mp4"), SECONDS);
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

    @ParameterizedTest
    @ValueSource(ints = {0, 32})
    void aDecodedFrame(int square) {
        long thread = Thread.currentThread().getId();
        long[] marks = new long[SECONDS * FRAMES_PER_SECOND / WINDOW + 1];
        int count = 0;
        Framing framing = square == 0 ? Framing.whole() : Framing.square(square);
        try (VideoFile file = VideoFile.open(film, 1); FrameReader frames = file.frames(framing)) {
            ByteBuffer picture = ByteBuffer.allocateDirect(3 * frames.width() * frames.height());
            for (int n = 1; frames.next(); n++) {
                frames.copyTo(picture, 0);
                if (n % WINDOW == 0) {
                    marks[count++] = THREADS.getThreadAllocatedBytes(thread);
                }
            }
        }
        assertEquals(40 * WINDOW, least(marks, count), "bytes in " + WINDOW + " frames");
    }

    /** Of this thread and the encoder's; a clip of this film has 16 frames of which 30 pass by. */
    @Test
    void anEncodedClip() {
        MovieEncoderConfig config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 1)
            .withPrecision(PrecisionChoice.FP32);
        Marks marks = new Marks();
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            encoder.stream(film, clip -> marks.add(), Cancellation.onRequest());
        }
        // the decoder runs ahead, so a clip's share is known on average alone: some 3,300 to 3,400, 1,200 of them the frames'
        long each = (marks.bytes[LATER] - marks.bytes[EARLIER]) / (LATER - EARLIER);
        assertTrue(each > 1200 && each < 4000, () -> each + " bytes a clip: " + Arrays.toString(marks.bytes));
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
