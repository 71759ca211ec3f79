package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.ForwardingProgram;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clips that are filled while the ones before them are computed get their own features. */
@Timeout(60)
class LanesTest {
    private static final BackboneWeights BACKBONE = BackboneWeights.random(TinyNetwork.config(), 5);
    private static final int CLIP = 16 * 32 * 32 * 3;

    /**
     * The cpu device, as seen through what one with memory of its own does: inputs are taken when a run begins, those of the next run are
     * filled while it is under way, and what was not told of is lost.
     */
    private static final class Remote implements Device {
        final Device cpu = Device.open("cpu", 1);
        final CountDownLatch begin = new CountDownLatch(1);
        final AtomicInteger runs = new AtomicInteger();
        private volatile boolean waited;
        final AtomicInteger ahead = new AtomicInteger();
        /** The run of this number fails, after the next inputs were filled. */
        int failing = -1;

        /** Whether a run has taken its inputs, or will take what it was given, once it may begin. */
        boolean isWaited() {
            return waited;
        }

        @Override
        public String name() {
            return "remote";
        }

        @Override
        public Weights newWeights() {
            return cpu.newWeights();
        }

        @Override
        public Program compile(Graph graph, Weights weights, Compilation how) {
            return new RemoteProgram(this, cpu.compile(graph, weights, how), how.staged().contains("frames"));
        }

        @Override
        public void close() {
            cpu.close();
        }
    }

    private static final class RemoteProgram extends ForwardingProgram {
        private final Remote device;
        private final boolean staged;
        private final HostArray host;
        /** In the device's memory for the next run; null where nothing is. */
        private byte[] next;

        RemoteProgram(Remote device, Program program, boolean staged) {
            super(program);
            this.device = device;
            this.staged = staged;
            host = HostArray.allocate(program.input("frames").dtype(), program.input("frames").shape());
        }

        @Override
        public HostArray input(String name) {
            next = null;
            return host;
        }

        @Override
        public void run() {
            run(() -> false);
        }

        @Override
        public void run(BooleanSupplier refill) {
            try {
                device.waited = true;
                device.begin.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            byte[] now = next == null ? read() : next;
            next = null;
            fill(host, (byte) 0x55);
            boolean filled = refill.getAsBoolean();
            assertTrue(staged || !filled, "frames are not staged");
            byte[] then = filled ? read() : null;
            fill(host, (byte) 0x33);
            if (device.runs.getAndIncrement() == device.failing) {
                throw new KinemaException("the device has failed");
            }
            device.ahead.addAndGet(filled ? 1 : 0);
            program.input("frames").buffer().put(0, now);
            program.run();
            next = then;
        }

        private byte[] read() {
            byte[] bytes = new byte[host.elements()];
            host.buffer().get(0, bytes);
            return bytes;
        }

        private static void fill(HostArray array, byte value) {
            for (int i = 0; i < array.elements(); i++) {
                array.buffer().put(i, value);
            }
        }
    }

    private static List<ByteBuffer> clips(int count) {
        Random random = new Random(1);
        return IntStream.range(0, count).mapToObj(i -> {
            byte[] pixels = new byte[CLIP];
            random.nextBytes(pixels);
            return ByteBuffer.wrap(pixels);
        }).toList();
    }

    private static List<float[]> expected(List<ByteBuffer> clips) {
        try (Device cpu = Device.open("cpu", 1); Weights weights = cpu.newWeights()) {
            BACKBONE.copyTo(weights);
            Graph graph = Lanes.graph(BACKBONE.config(), 1);
            weights.initialize(graph, 0);
            try (Program program = cpu.compile(graph, weights)) {
                List<float[]> features = new ArrayList<>();
                for (ByteBuffer clip : clips) {
                    program.input("frames").buffer().put(0, clip, 0, CLIP);
                    program.run();
                    features.add(program.output("feature").toFloats());
                }
                return features;
            }
        }
    }

    /** Groups of a size that are all there before the first run, which a lane of that batch computes. */
    private static List<ClipGroup> computed(Remote device, List<ByteBuffer> clips, int batch, int size, OptionalLong gather) {
        Semaphore done = new Semaphore(0);
        List<ClipGroup> groups = new ArrayList<>();
        try (Lanes lanes = new Lanes(device, BACKBONE, Compilation.FP32, 1, batch, gather)) {
            for (int i = 0; i < clips.size(); i += size) {
                groups.add(new ClipGroup(clips.subList(i, Math.min(i + size, clips.size())), done::release));
                lanes.submit(groups.get(groups.size() - 1));
            }
            device.begin.countDown();
            done.acquireUninterruptibly(groups.size());
        }
        return groups;
    }

    private static void assertFeatures(List<float[]> expected, int from, ClipGroup group) {
        for (int i = 0; i < group.size(); i++) {
            int clip = from + i;
            float largest = 0;
            for (float number : expected.get(clip)) {
                largest = Math.max(largest, Math.abs(number));
            }
            // a batch may be computed by other kernels than a clip: sums in another order
            assertArrayEquals(expected.get(clip), group.feature(i), 1e-5f * largest, () -> "clip " + clip);
        }
    }

    @Test
    void eachClipGetsItsFeature() {
        List<ByteBuffer> clips = clips(9);
        List<float[]> expected = expected(clips);
        try (Remote device = new Remote()) {
            List<ClipGroup> groups = computed(device, clips, 2, 2, OptionalLong.empty());
            assertEquals(5, device.runs.get());
            assertEquals(4, device.ahead.get(), "all but the first were filled while the one before was computed");
            for (int g = 0; g < groups.size(); g++) {
                groups.get(g).rethrow();
                assertFeatures(expected, 2 * g, groups.get(g));
            }
        }
    }

    /** Clips of several calls: only whole batches are taken ahead, as others may still grow. */
    @Test
    void wholeBatchesOfSeveralCallsAreTakenAhead() {
        List<ByteBuffer> clips = clips(7);
        List<float[]> expected = expected(clips);
        try (Remote device = new Remote()) {
            List<ClipGroup> groups = computed(device, clips, 3, 1, OptionalLong.of(1));
            assertTrue(device.ahead.get() >= 1, device.ahead + " batches taken ahead in " + device.runs + " runs");
            for (int g = 0; g < groups.size(); g++) {
                groups.get(g).rethrow();
                assertFeatures(expected, g, groups.get(g));
            }
        }
    }

    /** Two that are met while clips are computed are both put into context, after the clips before them. */
    @Test
    void eventsBetweenClipsOfSeveralCallsAreNotLost() {
        List<ByteBuffer> clips = clips(5);
        ContextualizerWeights network = ContextualizerWeights.random(TinyNetwork.contextualizer(), 6);
        List<LaneWork> all = new ArrayList<>();
        // so long that the first batch is whole
        OptionalLong gather = OptionalLong.of(TimeUnit.SECONDS.toNanos(20));
        try (Remote device = new Remote(); EventContext context = new EventContext(device.cpu, network, OptionalInt.of(3))) {
            try (Lanes lanes = new Lanes(device, BACKBONE, Compilation.FP32, 1, 2, gather)) {
                for (int i = 0; i < clips.size(); i++) {
                    all.add(new ClipGroup(clips.subList(i, i + 1), () -> { }));
                    if (i == 2 || i == 3) {
                        all.add(new EventWork(context, HostArray.allocate(DType.F32, Shape.of(7, TinyNetwork.FEATURE))));
                    }
                }
                all.forEach(lanes::submit);
                device.begin.countDown();
            }
            for (int i = 0; i < all.size(); i++) {
                assertTrue(all.get(i).isDone(), "work " + i);
                all.get(i).rethrow();
            }
        }
    }

    private static EventWork events(EventContext context) {
        return new EventWork(context, HostArray.allocate(DType.F32, Shape.of(7, TinyNetwork.FEATURE)));
    }

    /** Events that a lane meets, as it gathers or takes ahead, let clips in that wait already, and are passed by none after these. */
    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void eventsKeepTheirPlaceAndLeaveTheBatchWhole(int ahead) {
        List<ByteBuffer> clips = clips(4 + ahead);
        ContextualizerWeights network = ContextualizerWeights.random(TinyNetwork.contextualizer(), 6);
        OptionalLong gather = OptionalLong.of(TimeUnit.SECONDS.toNanos(20));
        AtomicInteger before = new AtomicInteger();
        try (Remote device = new Remote(); EventContext context = new EventContext(device.cpu, network, OptionalInt.of(3))) {
            EventWork events = events(context);
            try (Lanes lanes = new Lanes(device, BACKBONE, Compilation.FP32, 1, 2, gather)) {
                // the lane cannot go on before all is there
                synchronized (context) {
                    lanes.submit(events(context));
                    for (int i = 0; i < clips.size(); i++) {
                        lanes.submit(new ClipGroup(clips.subList(i, i + 1), () -> before.addAndGet(events.isDone() ? 0 : 1)));
                        if (i == ahead) {
                            lanes.submit(events);
                        }
                    }
                }
                device.begin.countDown();
            }
            events.rethrow();
            assertEquals(2 + ahead, before.get(), "clips before the events");
            assertEquals(2 + ahead / 2, device.runs.get(), "batches of two");
        }
    }

    @Test
    void whoTakesClipsBackDoesNotWaitForTheRun() {
        List<ByteBuffer> clips = clips(3);
        List<float[]> expected = expected(clips);
        Semaphore done = new Semaphore(0);
        try (Remote device = new Remote()) {
            ClipGroup dropped = new ClipGroup(clips.subList(0, 1), done::release);
            ClipGroup never = new ClipGroup(clips.subList(1, 2), done::release);
            ClipGroup kept = new ClipGroup(clips.subList(2, 3), done::release);
            try (Lanes lanes = new Lanes(device, BACKBONE, Compilation.FP32, 1, 1, OptionalLong.empty())) {
                lanes.submit(dropped);
                while (!device.isWaited()) {
                    Thread.onSpinWait();
                }
                lanes.submit(never);
                lanes.submit(kept);
                // its run has begun, and does not go on before the device may
                dropped.drop();
                never.drop();
                device.begin.countDown();
                done.acquireUninterruptibly();
            }
            assertEquals(0, done.availablePermits(), "nobody is told of what nobody wants");
            assertTrue(!dropped.isDone() && !never.isDone() && kept.isDone());
            kept.rethrow();
            assertFeatures(expected, 2, kept);
            assertEquals(2, device.runs.get(), "what is taken back in time is not computed");
        }
    }

    @Test
    void aLaneOutlivesACallThatCannotBeTold() {
        List<ByteBuffer> clips = clips(2);
        Semaphore done = new Semaphore(0);
        try (Device device = Device.open("cpu", 1);
                Lanes lanes = new Lanes(device, BACKBONE, Compilation.FP32, 1, 1, OptionalLong.empty())) {
            ClipGroup untold = new ClipGroup(clips.subList(0, 1), () -> {
                throw new OutOfMemoryError("in a test");
            });
            lanes.submit(untold);
            lanes.submit(new ClipGroup(clips.subList(1, 2), done::release));
            done.acquireUninterruptibly();
            assertTrue(untold.isDone());
        }
    }

    /** As hosts do that interrupt every thread they find. */
    @Test
    void aLaneThatIsInterruptedGoesOn() {
        List<ByteBuffer> clips = clips(2);
        List<float[]> expected = expected(clips);
        Semaphore done = new Semaphore(0);
        try (Device device = Device.open("cpu", 1)) {
            try (Lanes lanes = new Lanes(device, BACKBONE, Compilation.FP32, 1, 2, OptionalLong.of(TimeUnit.HOURS.toNanos(1)))) {
                for (int i = 0; i < 2; i++) {
                    ClipGroup group = new ClipGroup(clips.subList(i, i + 1), done::release);
                    interruptLanes();
                    lanes.submit(group);
                    while (!done.tryAcquire()) {
                        // as it waits for a second clip, and for the next first one
                        interruptLanes();
                    }
                    group.rethrow();
                    assertFeatures(expected, i, group);
                }
            }
        }
    }

    private static void interruptLanes() {
        Thread.getAllStackTraces().entrySet().stream()
            .filter(thread -> thread.getKey().getName().startsWith("kinema-encode") && List.of(thread.getValue()).toString().contains("poll"))
            .forEach(thread -> thread.getKey().interrupt());
    }

    @Test
    void aRunThatFailsIsToldToItsClipsAloneAndTheNextAreFilledAgain() {
        List<ByteBuffer> clips = clips(8);
        List<float[]> expected = expected(clips);
        try (Remote device = new Remote()) {
            device.failing = 1;
            List<ClipGroup> groups = computed(device, clips, 2, 2, OptionalLong.empty());
            assertEquals("the device has failed", assertThrowsExactly(KinemaException.class, groups.get(1)::rethrow).getMessage());
            for (int g : new int[] {0, 2, 3}) {
                groups.get(g).rethrow();
                assertFeatures(expected, 2 * g, groups.get(g));
            }
        }
    }
}
