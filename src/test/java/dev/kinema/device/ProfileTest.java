package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.FusedConv3d;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileTest {
    private static final Roofline ROOFLINE = new Roofline(1e9, 1e8);
    private static final SlowConfig NETWORK = SlowConfig.slowD(26).withWidth(8);
    private static final Shape CLIPS = Shape.of(1, 4, 32, 32, 3);

    private static Graph forward() {
        Graph graph = new Graph();
        graph.output("feature", new Slow(NETWORK).feature(Pass.eval(graph), graph.input("clips", DType.F32, CLIPS)));
        return graph;
    }

    private static Graph training() {
        Graph graph = new Graph();
        Pass pass = Pass.train(graph);
        Value feature = new Slow(NETWORK).feature(pass, graph.input("clips", DType.F32, CLIPS));
        Value logits = Linear.of(NETWORK.featureWidth(), 5).apply(pass.at("classifier"), feature);
        Value loss = SoftmaxCrossEntropy.of(logits, graph.input("labels", DType.I32, Shape.of(1)));
        graph.output("loss", loss);
        Optimizer.of(new Sgd(0.9, 0, false), 1e-4).minimize(loss);
        return graph;
    }

    private static Program compile(Device device, Weights weights, Graph graph) {
        weights.initialize(graph, 3);
        Program program = device.compile(graph, weights);
        HostArray clips = program.input("clips");
        for (int i = 0; i < clips.elements(); i++) {
            clips.set(i, Math.sin(i * 0.37));
        }
        if (graph.inputs().containsKey(Optimizer.LEARNING_RATE)) {
            program.input(Optimizer.LEARNING_RATE).put(0.01f);
        }
        return program;
    }

    /** Timed or not, a run computes the same numbers, and a training the same weights, to the bit. */
    @ParameterizedTest
    @ValueSource(strings = {"cpu", "reference"})
    void timingChangesNothing(String name) {
        try (Device device = Device.open(name, 1); Weights plain = device.newWeights(); Weights timed = device.newWeights();
                Program a = compile(device, plain, training()); Program b = compile(device, timed, training())) {
            StepClock clock = new StepClock(b.steps().size());
            for (int i = 0; i < 3; i++) {
                a.run();
                b.run(clock);
                assertArrayEquals(a.output("loss").toDoubles(), b.output("loss").toDoubles());
            }
            assertTrue(a.output("loss").get(0) > 0, "something was computed");
            for (String variable : plain.names()) {
                assertArrayEquals(plain.get(variable).toDoubles(), timed.get(variable).toDoubles(), variable);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "reference"})
    void everythingAddsUp(String name) {
        try (Device device = Device.open(name, 1); Weights weights = device.newWeights();
                Program program = compile(device, weights, training())) {
            Profile profile = Profile.of(program, 3, ROOFLINE);
            double whole = profile.seconds();
            // sums of a few hundred positive numbers in different orders
            double tolerance = whole * 1e-9;
            assertTrue(profile.rest() >= 0 && whole > 0);
            assertEquals(whole, seconds(profile.entries().stream().map(Profile.Entry::cost).toList()) + profile.rest(), tolerance);
            assertEquals(whole, seconds(profile.byOperation().stream().map(Profile.Sum::cost).toList()) + profile.rest(), tolerance);
            List<Profile.Sum> outer = profile.byScope().stream().filter(s -> s.depth() == 0).toList();
            assertEquals(whole, seconds(outer.stream().map(Profile.Sum::cost).toList()) + profile.rest(), tolerance);
            List<String> names = outer.stream().map(Profile.Sum::name).toList();
            assertTrue(names.containsAll(List.of("s1", "s5", "backward", "optimizer")), names::toString);
            double backward = 0;
            for (Profile.Sum sum : profile.byScope()) {
                backward += sum.depth() == 1 && sum.name().startsWith("backward/s") ? sum.cost().seconds() : 0;
            }
            assertTrue(backward > 0 && backward <= outer.get(names.indexOf("backward")).cost().seconds() + tolerance);
            List<String> lines = program.describe().lines().toList();
            profile.entries().forEach(e -> assertTrue(lines.stream().anyMatch(
                l -> l.contains("%" + e.node().id() + " ") && l.contains(e.node().op().opName())), e::name));
            for (Profile.TimedRun run : profile.runs()) {
                assertTrue(run.clock().begun(0) >= run.begun() && run.clock().ended(run.clock().steps() - 1) <= run.ended());
            }
        }
    }

    private static double seconds(List<Profile.Cost> costs) {
        return costs.stream().mapToDouble(Profile.Cost::seconds).sum();
    }

    /** Of an inference all convolutions are fused; what a node reorders is counted and is the device's own count. */
    @Test
    void nodesTellKernelsAndWork() {
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights();
                Program program = compile(device, weights, forward())) {
            Profile profile = Profile.of(program, 1, ROOFLINE);
            List<Profile.Entry> convolutions = profile.entries().stream().filter(e -> e.node().op() instanceof FusedConv3d).toList();
            // the stem, three convolutions of eight blocks, four shortcuts
            assertEquals(1 + 3 * 8 + 4, convolutions.size());
            assertEquals(List.of("Conv3d", "BatchNormInference", "Relu"), Fusion.members(convolutions.get(0).node().op()));
            for (Profile.Entry e : convolutions) {
                assertEquals(e.node().flops(), e.cost().flops());
                assertTrue(e.cost().bytes() > 0 && e.cost().bytes() <= e.node().bytes(), () -> e.cost().toString());
                // what oneDNN chose stands in brackets
                assertTrue(e.steps().stream().anyMatch(s -> s.kernel().matches("conv.*\\[.+]")), e.steps()::toString);
                assertTrue(e.cost().reorderSeconds() <= e.cost().seconds());
            }
            long reorders = profile.steps().stream().filter(ProgramStep::reorder).count();
            assertEquals(program.describe().lines().filter(l -> l.startsWith("run") && l.contains(": reorder")).count(), reorders);
            assertEquals(reorders, profile.total().reorders());
        }
    }

    /** Stretches of one depth do not overlap, lie in one of the depth above, and hold steps of their scope only. */
    @Test
    void stretchesNest() {
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights();
                Program program = compile(device, weights, training())) {
            Profile profile = Profile.of(program, 1, ROOFLINE);
            List<Profile.Stretch> all = profile.stretches();
            Map<Integer, List<Profile.Stretch>> byDepth = all.stream().collect(Collectors.groupingBy(Profile.Stretch::depth));
            assertEquals(3, byDepth.size(), "backward/s2/pathway0_res0");
            for (Profile.Stretch s : all) {
                for (int i = s.first(); i <= s.last(); i++) {
                    String scope = profile.steps().get(i).node().scope();
                    assertTrue(scope.equals(s.scope()) || scope.startsWith(s.scope() + "/"), () -> s + " " + scope);
                }
                assertTrue(s.depth() == 0
                    || byDepth.get(s.depth() - 1).stream().anyMatch(o -> o.first() <= s.first() && o.last() >= s.last()));
            }
            for (List<Profile.Stretch> row : byDepth.values()) {
                for (int i = 1; i < row.size(); i++) {
                    assertTrue(row.get(i).first() > row.get(i - 1).last());
                }
            }
        }
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights();
                Program program = compile(device, weights, forward())) {
            List<String> scopes = Profile.of(program, 1, ROOFLINE).stretches().stream().map(Profile.Stretch::scope).toList();
            // a training comes back to a scope: backward, and where running statistics are written; an inference does not
            assertEquals(scopes.stream().distinct().toList(), scopes);
            assertTrue(scopes.contains("s3/pathway0_res1"), scopes::toString);
        }
    }

    @Test
    void aTimedRunAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights();
                Program program = compile(device, weights, forward())) {
            StepClock clock = new StepClock(program.steps().size());
            long least = Long.MAX_VALUE;
            // what a run allocates, every round shows; what the virtual machine does when it links code does not recur
            for (int round = 0; round < 20 && least > 0; round++) {
                long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
                program.run(clock);
                least = Math.min(least, threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before);
            }
            assertEquals(0, least);
            assertThrows(IllegalArgumentException.class, () -> program.run(new StepClock(1)));
        }
    }

    /** Of both limits the slower counts; and what is measured is a rate that a processor can have. */
    @Test
    void theRooflineIsMeasured() {
        assertEquals(2, new Roofline(10, 1).seconds(20, 1), 1e-12);
        assertEquals(3, new Roofline(10, 1).seconds(20, 3), 1e-12);
        try (Device device = Device.open("cpu", 1)) {
            for (Precision precision : Precision.values()) {
                if (device.supports(precision)) {
                    Roofline measured = Roofline.measure(device, new Compilation(precision, true));
                    // from a slow emulator to far beyond one core of today
                    assertTrue(measured.flopsPerSecond() > 1e7 && measured.flopsPerSecond() < 1e13, precision + ": " + measured);
                    assertTrue(measured.bytesPerSecond() > 1e7 && measured.bytesPerSecond() < 1e13, precision + ": " + measured);
                }
            }
        }
    }

    @Test
    void sharesOfTheRooflineAreOfTheLeastTime() {
        Profile.Cost cost = new Profile.Cost(4, 3, 20, 8, 0, 0);
        assertEquals(0.75, cost.rooflineShare());
        assertEquals(5, cost.flopsPerSecond());
        assertEquals(2, cost.bytesPerSecond());
        assertFalse(Double.isNaN(Profile.Cost.NONE.rooflineShare()), "what takes no time has no share");
    }
}
