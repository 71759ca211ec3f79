package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.kinema.KinemaException;
import dev.kinema.device.Profile;
import dev.kinema.device.Program;
import dev.kinema.device.ProgramStep;
import dev.kinema.device.Roofline;
import dev.kinema.device.StepClock;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Mul;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How programs of the cuda device are watched: times of steps by events, ranges for profilers. */
class CudaProfileTest extends OnEmulatedDevice {
    private static final Shape SHAPE = Shape.of(64, 1000);

    @BeforeEach
    void initialize() {
        weights.initialize(graph(), 1);
    }

    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, SHAPE);
        Value late = graph.input("late", DType.F32, SHAPE);
        Value w = graph.parameter("w", Shape.of(1000), new Initializer.Normal(1));
        Value early;
        try (Graph.Scope scope = graph.scope("tower")) {
            early = Mul.of(Gelu.of(x), w);
        }
        graph.output("early", early);
        graph.output("y", Mul.of(early, late));
        return graph;
    }

    private static void fill(Program program, int from) {
        for (int i = 0; i < SHAPE.elements(); i++) {
            program.input("x").set(i, Math.sin(from + 0.1 * i));
            program.input("late").set(i, from);
        }
    }

    @Test
    void aTimedRunComputesTheSame() {
        try (Program plain = device.compile(graph(), weights); Program timed = device.compile(graph(), weights)) {
            StepClock clock = new StepClock(timed.steps().size());
            for (int i = 1; i < 5; i++) {
                fill(plain, i);
                fill(timed, i);
                plain.run();
                long begun = System.nanoTime();
                timed.run(clock);
                long ended = System.nanoTime();
                assertArrayEquals(plain.output("y").toDoubles(), timed.output("y").toDoubles());
                assertArrayEquals(plain.output("early").toDoubles(), timed.output("early").toDoubles());
                assertTrue(plain.output("y").get(1) != 0, "something was computed");
                for (int s = 0; s < clock.steps(); s++) {
                    // the device's times are in floats of milliseconds
                    assertTrue(clock.nanos(s) > 0 && clock.begun(s) > begun - 1000 && clock.ended(s) <= ended, "step " + s);
                    assertTrue(s == 0 || clock.begun(s) >= clock.ended(s - 1), "step " + s);
                }
            }
            assertThrows(IllegalArgumentException.class, () -> timed.run(new StepClock(clock.steps() + 1)));
        }
    }

    @Test
    void timedRunsAllocateNothingOnTheHeap() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        try (Program program = device.compile(graph(), weights)) {
            StepClock clock = new StepClock(program.steps().size());
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 50 && least > 0; round++) {
                long before = threads.getThreadAllocatedBytes(thread);
                program.run(clock);
                least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
            }
            assertEquals(0, least, "bytes of heap in a run");
        }
    }

    @Test
    void stepsAreNamedWithWhatTheyMove() {
        long bytes = SHAPE.elements() * (long) Float.BYTES;
        try (Program program = device.compile(graph(), weights)) {
            List<ProgramStep> steps = program.steps();
            assertEquals(List.of("elementwise.unary", "elementwise.binary", "elementwise.binary"),
                steps.stream().map(ProgramStep::kernel).toList());
            assertEquals(List.of("Gelu", "Mul", "Mul"), steps.stream().map(s -> s.node().op().opName()).toList());
            assertEquals(List.of(2 * bytes, 2 * bytes + 4000, 3 * bytes), steps.stream().map(ProgramStep::bytes).toList());
            assertTrue(steps.stream().noneMatch(ProgramStep::reorder));
            Profile profile = Profile.of(program, 3, new Roofline(1e12, 1e12));
            assertEquals(3, profile.entries().size());
            assertTrue(profile.byScope().stream().anyMatch(s -> s.name().equals("tower") && s.cost().seconds() > 0));
        }
    }

    @Test
    void conversionsAndCopiesAreReorders() {
        for (String what : List.of("copy", "elementwise.convert", "elementwise.unary")) {
            Step step = new Step(graph().inputs().get("x").node(), what, List.of(), List.of(), stream -> Kinema.KN_OK);
            assertEquals(!what.equals("elementwise.unary"), step.described().reorder(), what);
        }
    }

    /** A program of one step, which does what the test says. */
    private CudaProgram program(Step.Launch launch) {
        Graph graph = graph();
        Value x = graph.inputs().get("x");
        Buffer in = new Buffer(new Storage("x", x.type().bytes(), Storage.Home.HELD), x.shape(), x.dtype());
        Buffer out = new Buffer(new Storage("y", x.type().bytes(), Storage.Home.HELD), x.shape(), x.dtype());
        Step step = new Step(x.node(), "test", List.of(in), List.of(out), launch);
        return new CudaProgram((CudaDevice) device, (CudaWeights) weights, List.of(step), Map.of("x", in), Map.of("y", out), false, List.of(),
            List.of(), Set.of());
    }

    @Test
    void aRangeLiesAroundEachStepWhereAsked() {
        List<Integer> depths = new ArrayList<>();
        List<Integer> statuses = new ArrayList<>(List.of(Kinema.KN_OK, Kinema.KN_UNSUPPORTED, Kinema.KN_OK));
        Step.Launch launch = stream -> {
            depths.add(Kinema.kn_range_push("inner"));
            Kinema.kn_range_pop();
            return statuses.remove(0);
        };
        System.setProperty("kinema.cuda.ranges", "true");
        try (CudaProgram program = program(launch)) {
            program.run();
            assertThrows(KinemaException.class, program::run);
            program.run();
            assertEquals(List.of(1, 1, 1), depths, "ranges around the step's, in each of the runs");
            assertFalse(program.replays(), "who watches steps wants to see them launched");
        } finally {
            System.clearProperty("kinema.cuda.ranges");
        }
        assertEquals(0, Kinema.kn_range_push("outer"), "all ranges are closed, after a failure, too");
        Kinema.kn_range_pop();
        statuses.add(Kinema.KN_OK);
        try (CudaProgram program = program(launch)) {
            program.run();
            assertEquals(0, depths.get(3), "no ranges where nobody asked");
        }
    }
}
