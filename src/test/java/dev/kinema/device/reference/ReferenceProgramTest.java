package dev.kinema.device.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReferenceProgramTest {
    private final Device device = Device.open("reference", 2);
    private final Weights weights = device.newWeights();
    private final Graph graph = new Graph();

    @AfterEach
    void close() {
        weights.close();
        device.close();
    }

    private Program compile() {
        weights.initialize(graph, 1);
        return device.compile(graph, weights);
    }

    private static String message(Runnable run) {
        return assertThrows(KinemaException.class, run::run).getMessage();
    }

    @Test
    void valuesAreFloat64() {
        graph.output("y", Scale.of(graph.input("x", DType.F32, Shape.of(1)), 1, 1e-12));
        try (Program program = compile()) {
            assertEquals(DType.F64, program.input("x").dtype());
            program.input("x").set(0, 1.0);
            program.run();
            assertEquals(1 + 1e-12, program.output("y").get(0));
        }
    }

    @Test
    void variablesTakeAnyFloatAndAreReadAsFloat64() {
        graph.output("y", Scale.of(graph.parameter("w", Shape.of(2), Initializer.ONES), 1));
        weights.put("w", HostArray.of(Shape.of(2), 1.0 / 3, 2));
        HostArray bf16 = HostArray.allocate(DType.BF16, Shape.of(2));
        bf16.put(0.5, 3);
        try (Program program = compile()) {
            program.run();
            assertEquals(1.0 / 3, program.output("y").get(0));
            weights.put("w", bf16);
            program.run();
            assertArrayEquals(new double[] {0.5, 3}, program.output("y").toDoubles());
            assertEquals(DType.F64, weights.get("w").dtype());
        }
    }

    @Test
    void anIndexOutsideTheTableIsNamed() {
        Value table = graph.parameter("table", Shape.of(3, 2), Initializer.ONES);
        graph.output("y", Gather.of(table, graph.input("i", DType.I32, Shape.of(2)), 0));
        try (Program program = compile()) {
            for (long index : new long[] {3, -1}) {
                program.input("i").put(0, index);
                assertTrue(message(program::run).contains("index " + index + " is outside an axis of 3"));
            }
        }
    }

    @Test
    void aLabelOutsideTheClassesIsNamedAndTheIgnoredOneIsNot() {
        Value logits = graph.input("logits", DType.F32, Shape.of(2, 3));
        Value loss;
        try (Graph.Scope head = graph.scope("head")) {
            loss = SoftmaxCrossEntropy.of(logits, graph.input("labels", DType.I32, Shape.of(2)));
        }
        graph.output("loss", loss);
        try (Program program = compile()) {
            program.input("labels").put(3, 0);
            assertTrue(message(program::run).startsWith("SoftmaxCrossEntropy in head: label 3 is not one of 3 classes"));
            program.input("labels").put(-100, 0);
            program.run();
            assertEquals(Math.log(3), program.output("loss").get(0), 1e-15);
        }
    }

    @Test
    void aRunThatThrowsChangesNothing() {
        Increment.of(graph.state("step", DType.I64, Shape.of(1), Initializer.ZEROS));
        graph.output("y", Gather.of(graph.parameter("table", Shape.of(3, 2), Initializer.ONES), graph.input("i", DType.I32, Shape.of(1)), 0));
        try (Program program = compile()) {
            long version = weights.version();
            program.input("i").put(7);
            assertThrows(KinemaException.class, program::run);
            assertEquals(0, weights.get("step").getLong(0));
            assertEquals(version, weights.version());
            program.input("i").put(2);
            program.run();
            assertEquals(1, weights.get("step").getLong(0));
            assertTrue(weights.version() > version);
        }
    }

    @Test
    void aPointerFromAnotherQueueIsRefused() {
        RingEnqueue.of(graph.state("queue", DType.F32, Shape.of(3, 1), Initializer.ZEROS),
            graph.state("pointer", DType.I64, Shape.of(1), new Initializer.Constant(3)), graph.input("rows", DType.F32, Shape.of(2, 1)));
        try (Program program = compile()) {
            assertTrue(message(program::run).contains("pointer is at 3 in a queue of 3 rows"));
        }
    }

    @Test
    void theFirstOfEqualsWinsAMaximum() {
        Value x = graph.input("x", DType.F32, Shape.of(1, 1, 2, 3, 1));
        Value y = MaxPool3d.of(x, new Extent(1, 2, 3), Extent.ONE, Extent.ZERO);
        graph.output("winner", y.node().output(1));
        graph.output("dx", Gradients.of(Reduce.sum(y, 0, 1, 2, 3, 4), List.of(x)).get(0));
        try (Program program = compile()) {
            program.input("x").put(1.0, 5, 2, 5, 5, 0);
            program.run();
            assertEquals(1, program.output("winner").getLong(0));
            assertArrayEquals(new double[] {0, 1, 0, 0, 0, 0}, program.output("dx").toDoubles());
        }
    }

    @Test
    void paddingNeverWinsAMaximum() {
        Value x = graph.input("x", DType.F32, Shape.of(1, 1, 1, 1, 1));
        graph.output("y", MaxPool3d.of(x, new Extent(1, 3, 3), Extent.ONE, new Extent(0, 1, 1)));
        try (Program program = compile()) {
            program.input("x").put(-7.5);
            program.run();
            assertEquals(-7.5, program.output("y").get(0));
        }
    }

    @Test
    void framesAreNormalizedInFloat32() {
        graph.output("y", NormalizeFrames.of(graph.input("x", DType.U8, Shape.of(1, 1, 1, 1, 3)), NormalizeFrames.KINETICS));
        try (Program program = compile()) {
            program.input("x").put(0, 128, 255);
            program.run();
            assertArrayEquals(new double[] {(0f - 0.45f) / 0.225f, (128 / 255f - 0.45f) / 0.225f, (1f - 0.45f) / 0.225f},
                program.output("y").toDoubles());
        }
    }

    @Test
    void attentionOfOneKeyIsItsValueAndOfNoneIsZero() {
        Value q = graph.input("q", DType.F32, Shape.of(1, 2, 2));
        Value kv = graph.input("kv", DType.F32, Shape.of(1, 1, 2));
        graph.output("y", Attention.of(q, kv, kv, null, 1, true));
        try (Program program = compile()) {
            program.input("kv").put(3.0, -4);
            program.run();
            assertArrayEquals(new double[] {0, 0, 3, -4}, program.output("y").toDoubles(), "query 0 of 2 sees keys up to -1");
        }
    }

    @Test
    void inputsThatNothingReadsCanBeFilled() {
        graph.input("unused", DType.F32, Shape.of(2));
        graph.output("y", Scale.of(graph.input("x", DType.F32, Shape.of(1)), 2));
        try (Program program = compile()) {
            program.input("unused").put(1.0, 2);
            program.run();
        }
    }

    @Test
    void unknownNamesListTheKnownOnes() {
        graph.output("y", Scale.of(graph.input("x", DType.F32, Shape.of(1)), 2));
        try (Program program = compile()) {
            assertEquals("the program has no input 'z': it has [x]", message(() -> program.input("z")));
            assertEquals("the program has no output 'z': it has [y]", message(() -> program.output("z")));
        }
    }

    @Test
    void weightsOfAnotherDeviceAndMissingVariablesAreRefused() {
        graph.output("y", Scale.of(graph.parameter("w", Shape.of(1), Initializer.ONES), 2));
        assertTrue(message(() -> device.compile(graph, weights)).contains("first 'w'"));
        Program program = compile();
        program.close();
        assertTrue(message(program::run).contains("closed"));
    }

    @Test
    void thePlanCoversEveryIntermediateOnceAndViewsNotAtAll() {
        Value x = graph.input("x", DType.F32, Shape.of(4, 16));
        Value a = Relu.of(x);
        Value b = Reshape.of(a, Shape.of(64));
        Value c = Scale.of(b, 2);
        graph.output("y", Mul.of(c, b));
        try (Program program = device.compile(graph, weights, Compilation.FP32)) {
            MemoryPlan plan = program.memoryPlan();
            assertEquals(4, plan.blocks().size(), "the copy of x, a with its view, c, the product");
            assertEquals(4 * 512, plan.unsharedBytes());
            assertEquals(3 * 512, plan.bytes(), "the product takes the place of x");
            assertEquals(2 * 512, plan.persistentBytes());
            assertTrue(program.describe().contains("Mul"));
        }
    }

    @Test
    void initialWeightsAreThoseOfAFloat32Device() {
        graph.output("y", Scale.of(graph.parameter("w", Shape.of(3), new Initializer.Normal(1)), 2));
        try (Program program = compile()) {
            double w = weights.get("w").get(0);
            assertEquals((float) w, w);
        }
    }
}
