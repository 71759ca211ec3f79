package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.CaseGraph;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.OpCase;
import dev.kinema.device.OpCases;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Finite checks look at what nodes compute: not at scratch memory, nor at what pads a layout, nor at what nobody has written yet. */
class FiniteStepsTest {
    /** In a block full of NaN every case runs, and computes what it does without checks: no output is legitimately infinite. */
    @TestFactory
    Stream<DynamicTest> faultlessCasesPass() {
        Device device = Device.open("cpu", 1);
        return Stream.of(Compilation.FP32, Compilation.BF16).flatMap(how -> OpCases.all().stream()
            .map(c -> DynamicTest.dynamicTest(c.name() + ", " + how.precision(), () -> {
                assumeTrue(device.supports(how.precision()), "this processor has no bf16 arithmetic");
                Map<String, double[]> plain = run(device, c, how);
                run(device, c, how.withFiniteChecks()).forEach((name, values) -> assertArrayEquals(plain.get(name), values, name));
            }))).onClose(device::close);
    }

    private static Map<String, double[]> run(Device device, OpCase c, Compilation how) {
        CaseGraph g = c.forward().differentiable() ? c.backward() : c.forward();
        Map<String, double[]> results = new TreeMap<>();
        try (Weights weights = device.newWeights()) {
            g.variables().forEach(weights::put);
            try (CpuProgram program = (CpuProgram) device.compile(g.graph(), weights, how)) {
                g.inputs().forEach((name, array) -> program.input(name).put(array));
                program.poison();
                program.run();
                g.graph().outputs().keySet().forEach(name -> results.put(name, doubles(program.output(name))));
            }
            g.variables().keySet().forEach(name -> results.put("variable " + name, doubles(weights.get(name))));
        }
        return results;
    }

    private static double[] doubles(HostArray array) {
        double[] values = new double[array.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.dtype().isFloating() ? array.get(i) : array.getLong(i);
        }
        return values;
    }

    /** 5 channels, which oneDNN may pad to 8 or 16. */
    @Test
    void onlyElementsOfTheValueAreCounted() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, 2, 3, 3, 3));
        Value filter = graph.parameter("filter", Shape.of(5, 3, 1, 1, 1), new Initializer.Constant(1e38));
        Value y = Conv3d.of(x, filter, Extent.ONE, Extent.ZERO);
        graph.output("y", Conv3d.of(y, graph.parameter("second", Shape.of(5, 5, 1, 1, 1), Initializer.ZEROS), Extent.ONE, Extent.ZERO));
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, new Compilation(Precision.FP32, true, true));
                Program unchecked = device.compile(graph, weights)) {
                for (int i = 0; i < program.input("x").elements(); i++) {
                    program.input("x").set(i, 1e38);
                }
                KinemaException e = assertThrows(KinemaException.class, program::run);
                assertTrue(e.getMessage().matches("output 0 of (Fused)?Conv3d: 90 of 90 numbers are NaN or infinite.*"), e.getMessage());
                assertTrue(program.describe().contains("finite"), "checks are steps of the program");
                assertFalse(unchecked.describe().contains("finite"), "and cost nothing where they are off");
            }
        }
    }
}
