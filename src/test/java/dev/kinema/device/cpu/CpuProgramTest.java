package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.graph.op.StopGradient;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the cpu device promises of its programs, beyond their numbers: memory, layouts, sharing, threads. */
class CpuProgramTest {
    private static final Shape CLIP = Shape.of(1, 16, 64, 64, 3);

    private static Graph encoder(SlowConfig config, Shape clip) {
        Graph graph = new Graph();
        Value frames = graph.input("frames", DType.U8, clip);
        graph.output("feature", new Slow(config).feature(Pass.eval(graph), NormalizeFrames.of(frames, NormalizeFrames.KINETICS)));
        return graph;
    }

    private static void fill(Program program, String input, long seed) {
        HostArray array = program.input(input);
        byte[] bytes = new byte[array.elements()];
        new Random(seed).nextBytes(bytes);
        array.buffer().put(bytes);
    }

    /** A step of supervised training and one of contrastive learning against a queue, with momentum, in one graph. */
    private static Graph training() {
        Graph graph = new Graph();
        Pass pass = Pass.train(graph);
        Value clips = graph.input("frames", DType.U8, Shape.of(2, 16, 32, 32, 3));
        Slow slow = new Slow(SlowConfig.SLOW_D_R50.withWidth(16));
        Value feature = slow.feature(pass, NormalizeFrames.of(clips, NormalizeFrames.KINETICS));
        Value logits = Linear.normal(512, 5, 0.01).apply(pass.at("classifier"), pass.dropout(feature, 0.5));
        Value labels = graph.input("labels", DType.I32, Shape.of(2));
        Value query = L2Normalize.of(Linear.normal(512, 8, 0.1).apply(pass.at("projection"), feature));
        Value queue = graph.state("queue", DType.F32, Shape.of(10, 8), new Initializer.Normal(0.3));
        Value pointer = graph.state("queue.pointer", DType.I64, Shape.of(1), Initializer.ZEROS);
        Value key = L2Normalize.of(StopGradient.of(query));
        Value contrast = InfoNce.of(query, key, queue, 0.1).output(0);
        RingEnqueue.of(queue, pointer, key);
        Value loss = Add.of(SoftmaxCrossEntropy.of(logits, labels), contrast);
        graph.output("loss", loss);
        Optimizer.of(Sgd.NESTEROV, 1e-4).withClip(1).minimize(loss);
        return graph;
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = {"FP32", "BF16"})
    void runningAllocatesNothingAfterTheFirstRun(Precision precision) {
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            assumeTrue(precision == Precision.FP32 || CpuDevice.hasBf16(), "this processor has no bf16 arithmetic");
            for (Graph graph : new Graph[] {encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP), training()}) {
                weights.initialize(graph, 1);
                try (Program program = device.compile(graph, weights, new Compilation(precision, true))) {
                    fill(program, "frames", 1);
                    if (graph.inputs().containsKey(Optimizer.LEARNING_RATE)) {
                        program.input(Optimizer.LEARNING_RATE).put(0.01f);
                    }
                    program.run();
                    assertEquals(0, leastAllocatedBy(program), "bytes of heap in 5 runs");
                    // a leak shows in every round; what the virtual machine does meanwhile (compiling, collecting) does not
                    long growth = leastGrowthOf(program);
                    assertTrue(growth < 256 << 10, "resident memory grew by " + growth + " bytes in 30 runs");
                }
            }
        }
    }

    /** Whatever a run allocates, every round shows; the virtual machine's linking of code that a thread reaches first does not recur. */
    private static long leastAllocatedBy(Program program) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 10 && least > 0; round++) {
            least = Math.min(least, allocatedBy(program, 5));
        }
        return least;
    }

    private static long allocatedBy(Program program, int runs) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] measured = Thread.getAllStackTraces().keySet().stream()
            .filter(t -> t == Thread.currentThread() || t.getName().startsWith("kinema-cpu")).mapToLong(Thread::getId).toArray();
        assertTrue(measured.length > 1, "this thread and the device's workers");
        long measuring = allocated(threads, measured);
        measuring = allocated(threads, measured) - measuring;
        long before = allocated(threads, measured);
        for (int i = 0; i < runs; i++) {
            program.run();
        }
        return allocated(threads, measured) - before - measuring;
    }

    private static long allocated(ThreadMXBean threads, long[] ids) {
        long sum = 0;
        for (long id : ids) {
            sum += threads.getThreadAllocatedBytes(id);
        }
        return sum;
    }

    private static long leastGrowthOf(Program program) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 10 && least > 0; round++) {
            long before = residentBytes();
            for (int i = 0; i < 30; i++) {
                program.run();
            }
            least = Math.min(least, residentBytes() - before);
        }
        return least;
    }

    private static long residentBytes() {
        return org.bytedeco.javacpp.Pointer.physicalBytes();
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = {"FP32", "BF16"})
    void noReorderBetweenConvolutions(Precision precision) {
        try (Device device = Device.open("cpu"); Weights weights = device.newWeights()) {
            assumeTrue(precision == Precision.FP32 || CpuDevice.hasBf16(), "this processor has no bf16 arithmetic");
            Graph graph = encoder(SlowConfig.SLOW_D_R50, Shape.of(1, 16, 64, 64, 3));
            weights.initialize(graph, 1);
            try (CpuProgram program = (CpuProgram) device.compile(graph, weights, new Compilation(precision, true))) {
                assertEquals(0, program.reorders().getOrDefault("FusedConv3d", 0L), program.describe());
                assertEquals(0, program.reorders().getOrDefault("MaxPool3d", 0L), program.describe());
                String text = program.describe();
                assertEquals(53, text.lines().filter(s -> s.startsWith("run ") && s.contains("FusedConv3d")).count(), text);
                assertEquals(16, text.lines().filter(s -> s.startsWith("run ") && s.contains("+sum+relu")).count(), text);
                assertFalse(text.lines().anyMatch(s -> s.startsWith("run ") && s.contains("[ref")), text);
            }
        }
    }

    @Test
    void weightsAreFoldedAgainOnlyWhenTheyChange() {
        try (Device device = Device.open("cpu"); Weights weights = device.newWeights()) {
            Graph graph = encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP);
            weights.initialize(graph, 1);
            try (CpuProgram program = (CpuProgram) device.compile(graph, weights); Program other = device.compile(graph, weights)) {
                fill(program, "frames", 1);
                fill(other, "frames", 1);
                program.run();
                program.run();
                other.run();
                assertEquals(1, program.preparations(), "once for the first run");
                float[] first = program.output("feature").toFloats();
                assertArrayEquals(first, other.output("feature").toFloats(), "two programs share the weights");
                HostArray gamma = weights.get("s5.pathway0_res2.branch2.c_bn.weight");
                for (int i = 0; i < gamma.elements(); i++) {
                    gamma.set(i, 2.0);
                }
                weights.put("s5.pathway0_res2.branch2.c_bn.weight", gamma);
                program.run();
                program.run();
                other.run();
                assertEquals(2, program.preparations(), "and once for the change");
                assertArrayEquals(program.output("feature").toFloats(), other.output("feature").toFloats());
                assertFalse(java.util.Arrays.equals(first, program.output("feature").toFloats()), "the new weights are used");
            }
        }
    }

    /** A second program of the same graph costs its activations, inputs and outputs, and nothing that depends on the weights alone. */
    @Test
    void programsOfOneGraphShareWhatWasPrepared() {
        try (Device device = Device.open("cpu"); Weights weights = device.newWeights()) {
            Graph graph = encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP);
            weights.initialize(graph, 1);
            long empty = Memory.liveBytes();
            Program first = device.compile(graph, weights);
            long one = Memory.liveBytes() - empty;
            long planned = first.memoryPlan().bytes() + CLIP.elements() + 4 * first.output("feature").elements();
            assertTrue(one > planned + (1 << 20), "prepared weights are the greater part: " + one + " bytes of which " + planned + " are not");
            try (Program second = device.compile(graph, weights)) {
                assertEquals(planned, Memory.liveBytes() - empty - one);
                fill(first, "frames", 1);
                fill(second, "frames", 1);
                first.run();
                second.run();
                float[] expected = first.output("feature").toFloats();
                assertArrayEquals(expected, second.output("feature").toFloats());
                first.close();
                second.run();
                assertArrayEquals(expected, second.output("feature").toFloats(), "what is shared outlives the program that made it");
            }
            assertEquals(empty, Memory.liveBytes(), "all is given back with the last program");
        }
    }

    @Test
    void aRunRepeatsToTheBit() {
        try (Device device = Device.open("cpu", 2)) {
            float[][] losses = new float[3][3];
            for (float[] run : losses) {
                Compilation how = run == losses[2] ? Compilation.FP32.withFiniteChecks() : Compilation.FP32;
                try (Weights weights = device.newWeights()) {
                    Graph graph = training();
                    weights.initialize(graph, 7);
                    try (Program program = device.compile(graph, weights, how)) {
                        fill(program, "frames", 3);
                        program.input("labels").put(1L, 4L);
                        program.input(Optimizer.LEARNING_RATE).put(0.01f);
                        for (int step = 0; step < run.length; step++) {
                            program.run();
                            run[step] = program.output("loss").toFloats()[0];
                        }
                    }
                }
            }
            assertArrayEquals(losses[0], losses[1]);
            assertArrayEquals(losses[0], losses[2], "looking for what is not finite changes nothing");
            assertTrue(losses[0][0] != losses[0][1], "training changes the loss");
        }
    }

    @Test
    void thePlanIsTheMemory() {
        try (Device device = Device.open("cpu"); Weights weights = device.newWeights()) {
            Graph graph = encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP);
            weights.initialize(graph, 1);
            try (CpuProgram program = (CpuProgram) device.compile(graph, weights)) {
                MemoryPlan plan = program.memoryPlan();
                assertTrue(plan.bytes() < plan.unsharedBytes() / 3, plan.toString());
                program.poison();
                fill(program, "frames", 1);
                program.run();
                float[] poisoned = program.output("feature").toFloats();
                program.run();
                assertArrayEquals(poisoned, program.output("feature").toFloats(), "nothing is read before it is written");
                assertTrue(program.reachesPeak(), "the buffer that makes the peak is used");
            }
        }
    }

    @Test
    void programsOfSeveralThreadsShareWeights() throws InterruptedException {
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            Graph graph = encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP);
            weights.initialize(graph, 1);
            float[][] expected = new float[4][];
            try (Program program = device.compile(graph, weights)) {
                for (int i = 0; i < expected.length; i++) {
                    fill(program, "frames", i);
                    program.run();
                    expected[i] = program.output("feature").toFloats();
                }
            }
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread[] threads = new Thread[expected.length];
            for (int i = 0; i < threads.length; i++) {
                int seed = i;
                threads[i] = new Thread(() -> {
                    try (Program program = device.compile(graph, weights)) {
                        fill(program, "frames", seed);
                        for (int run = 0; run < 5; run++) {
                            program.run();
                            assertArrayEquals(expected[seed], program.output("feature").toFloats());
                        }
                    } catch (RuntimeException | AssertionError e) {
                        failure.set(e);
                    }
                });
                threads[i].start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertNull(failure.get());
        }
    }

    @Test
    void nothingRunsOnWhatIsClosed() {
        Graph graph = encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP);
        Device device = Device.open("cpu", 2);
        Weights weights = device.newWeights();
        weights.initialize(graph, 1);
        Program program = device.compile(graph, weights);
        Program closed = device.compile(graph, weights);
        closed.close();
        closed.close();
        assertSaid("closed", closed::run);
        assertSaid("closed", () -> closed.output("feature"));
        device.close();
        assertSaid("the cpu device is closed", program::run);
        weights.close();
        assertSaid("the weights are closed", program::run);
        assertSaid("the weights are closed", () -> weights.get("s1.pathway0_stem.conv.weight"));
        program.close();
    }

    private static void assertSaid(String expected, Runnable action) {
        String message = assertThrows(KinemaException.class, action::run).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void aRunThatThrowsHasUpdatedNothing() {
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            Graph graph = training();
            weights.initialize(graph, 7);
            try (Program program = device.compile(graph, weights)) {
                fill(program, "frames", 3);
                program.input("labels").put(1L, 5L);
                program.input(Optimizer.LEARNING_RATE).put(0.01f);
                assertSaid("label 5 is not one of 5 classes", program::run);
                assertEquals(0, weights.get("rng").getLong(1));
                assertEquals(0, weights.get("s1.pathway0_stem.bn.num_batches_tracked").getLong(0));
                assertEquals(0, weights.get("queue.pointer").getLong(0));
                program.input("labels").put(1L, 4L);
                program.run();
                assertEquals(1, weights.get("rng").getLong(1));
                assertEquals(7, weights.get("rng").getLong(0), "the seed of the weights");
                weights.put("queue.pointer", HostArray.of(Shape.of(1), 10L));
                assertSaid("pointer is at 10 in a queue of 10 rows", program::run);
            }
        }
    }

    @Test
    void oneProgramIsNotRunByTwoThreads() throws InterruptedException {
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            Graph graph = encoder(SlowConfig.SLOW_D_R50, Shape.of(1, 16, 112, 112, 3));
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                CountDownLatch started = new CountDownLatch(1);
                AtomicReference<Throwable> failure = new AtomicReference<>();
                Thread thread = new Thread(() -> {
                    started.countDown();
                    try {
                        for (int i = 0; i < 10; i++) {
                            program.run();
                        }
                    } catch (KinemaException e) {
                        failure.set(e);
                    }
                });
                thread.start();
                started.await();
                KinemaException e = assertThrows(KinemaException.class, () -> {
                    while (thread.isAlive()) {
                        program.run();
                    }
                    throw failure.get() instanceof KinemaException other ? other : new KinemaException("never met");
                });
                assertTrue(e.getMessage().contains("two threads"), e.getMessage());
                thread.join();
            }
        }
    }

    @Test
    void threadsAreSettable() {
        try (Device one = Device.open("cpu", 1); Weights weights = one.newWeights()) {
            Graph graph = encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP);
            weights.initialize(graph, 1);
            try (Program program = one.compile(graph, weights)) {
                fill(program, "frames", 1);
                program.run();
                assertEquals(1, OpenMp.threadsOfThisThread());
            }
        }
        try (Device two = Device.open("cpu", 2)) {
            assertEquals(2, OpenMp.threadsOfThisThread());
        }
        KinemaException e = assertThrows(KinemaException.class, () -> Device.open("cpu", -1));
        assertTrue(e.getMessage().contains("-1"), e.getMessage());
    }

    @Test
    void wrongUseIsSaid() {
        try (Device device = Device.open("cpu"); Weights weights = device.newWeights(); Device other = Device.open("reference");
                Weights foreign = other.newWeights()) {
            Graph graph = encoder(SlowConfig.SLOW_D_R50.withWidth(16), CLIP);
            Map<String, Weights> cases = Map.of("lack", weights, "another device", foreign);
            cases.forEach((expected, given) -> {
                KinemaException e = assertThrows(KinemaException.class, () -> device.compile(graph, given));
                assertTrue(e.getMessage().contains(expected), e.getMessage());
            });
            assertTrue(Device.names().containsAll(List.of("cpu", "reference")), Device.names().toString());
            String message = assertThrows(KinemaException.class, () -> Device.open("tpu")).getMessage();
            assertTrue(message.contains(Device.names().toString()), message);
        }
    }
}
