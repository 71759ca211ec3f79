package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.ProgramRunEvent;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.model.ContextualizerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a film's features are cut into windows. */
class EventContextTest {
    private static final int IN = TinyNetwork.FEATURE;
    private static final int OUT = TinyNetwork.EVENT;

    private final ContextualizerWeights network = ContextualizerWeights.random(TinyNetwork.contextualizer(), 6);
    private Device device;

    @BeforeEach
    void open() {
        device = Device.open("cpu", 1);
    }

    @AfterEach
    void close() {
        device.close();
    }

    private static HostArray features(int count, long seed) {
        HostArray features = HostArray.allocate(DType.F32, Shape.of(count, IN));
        Random random = new Random(seed);
        for (int i = 0; i < features.elements(); i++) {
            features.set(i, random.nextGaussian());
        }
        return features;
    }

    private static HostArray rows(HostArray features, int from, int to) {
        return HostArray.of(Shape.of(to - from, IN), Arrays.copyOfRange(features.toFloats(), from * IN, to * IN));
    }

    private float[] events(HostArray features, OptionalInt window) {
        try (EventContext context = new EventContext(device, network, window)) {
            return context.events(features).toFloats();
        }
    }

    @Test
    void windowsAreConsecutiveAndIndependent() {
        // 61 events are 20 windows of 3 and one event: three runs of 8 windows
        HostArray features = features(61, 1);
        float[] events = events(features, OptionalInt.empty());
        assertEquals(61 * OUT, events.length);
        float[] ninth = events(rows(features, 27, 30), OptionalInt.empty());
        assertArrayEquals(ninth, Arrays.copyOfRange(events, 27 * OUT, 30 * OUT), 1e-6f);
    }

    /** 700 events are 234 windows of 3: two runs of 106 windows and three of 8, the last not full. */
    @Test
    void longFilmsTakeFewRuns(@TempDir Path folder) throws IOException {
        HostArray features = features(700, 5);
        float[] events;
        List<RecordedEvent> runs;
        try (Recording recording = new Recording()) {
            recording.enable(ProgramRunEvent.NAME);
            recording.start();
            events = events(features, OptionalInt.empty());
            recording.stop();
            recording.dump(folder.resolve("runs.jfr"));
            runs = RecordingFile.readAllEvents(folder.resolve("runs.jfr"));
        }
        assertEquals(5, runs.size(), runs::toString);
        for (int from : new int[] {0, 315, 318, 633, 636, 690}) {
            float[] alone = events(rows(features, from, from + 3), OptionalInt.empty());
            // a larger run may take other kernels: sums in another order
            assertArrayEquals(alone, Arrays.copyOfRange(events, from * OUT, (from + 3) * OUT), 1e-5f, () -> "events from " + from);
        }
        float[] last = events(rows(features, 699, 700), OptionalInt.empty());
        assertArrayEquals(last, Arrays.copyOfRange(events, 699 * OUT, 700 * OUT), 1e-5f);
    }

    @Test
    void paddingIsNotSeen() {
        HostArray features = features(4, 2);
        float[] events = events(features, OptionalInt.empty());
        // the last event is alone in its window: as if windows had one place
        assertArrayEquals(events(rows(features, 3, 4), OptionalInt.of(1)), Arrays.copyOfRange(events, 3 * OUT, 4 * OUT), 1e-5f);
    }

    @Test
    void neighboursAreSeen() {
        HostArray features = features(3, 3);
        float[] before = Arrays.copyOf(events(features, OptionalInt.empty()), OUT);
        features.set(2 * IN, 5.0);
        float[] after = Arrays.copyOf(events(features, OptionalInt.empty()), OUT);
        double change = 0;
        for (int i = 0; i < OUT; i++) {
            change += Math.abs(before[i] - after[i]);
        }
        assertTrue(change > 1e-3, "the first event does not see the third: " + change);
    }

    @Test
    void windowsAreNotLongerThanTheLearnedPositions() {
        String message = assertThrows(KinemaException.class, () -> new EventContext(device, network, OptionalInt.of(4))).getMessage();
        assertTrue(message.contains("4 events") && message.contains("3 positions"), message);
        ContextualizerConfig free = TinyNetwork.contextualizer().withPositions(ContextualizerConfig.Positions.NONE, 1);
        try (EventContext context = new EventContext(device, ContextualizerWeights.random(free, 1), OptionalInt.of(7))) {
            assertEquals(7, context.window());
            assertEquals(Shape.of(9, OUT), context.events(features(9, 4)).shape());
        }
    }
}
