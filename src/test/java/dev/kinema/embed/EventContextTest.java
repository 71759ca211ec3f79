package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.model.ContextualizerConfig;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

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
