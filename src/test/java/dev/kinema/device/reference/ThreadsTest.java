package dev.kinema.device.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.kinema.device.CaseGraph;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.OpCase;
import dev.kinema.device.OpCases;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Attention;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ThreadsTest {
    @Test
    void resultsDoNotDependOnThem() {
        try (Device one = Device.open("reference", 1); Device five = Device.open("reference", 5)) {
            for (OpCase c : OpCases.all()) {
                CaseGraph g = c.forward().differentiable() ? c.backward() : c.forward();
                Map<String, double[]> expected = run(one, g);
                run(five, g).forEach((name, values) -> assertArrayEquals(expected.get(name), values, c.name() + ", " + name));
            }
        }
    }

    /** The work is so short that threads meet at the first touch of the output. */
    @Test
    void allOfThemWriteToOneOutput() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(16, 1, 8));
        graph.output("y", Attention.of(x, x, x, null, 8, false));
        try (Device device = Device.open("reference", 5); Weights weights = device.newWeights(); Program program = device.compile(graph, weights)) {
            HostArray input = program.input("x");
            for (int i = 0; i < input.elements(); i++) {
                input.set(i, i + 1.0);
            }
            for (int run = 0; run < 1000; run++) {
                program.run();
                assertArrayEquals(input.toDoubles(), program.output("y").toDoubles(), "attention to oneself alone, run " + run);
            }
        }
    }

    private static Map<String, double[]> run(Device device, CaseGraph g) {
        try (Weights weights = device.newWeights()) {
            g.variables().forEach(weights::put);
            try (Program program = device.compile(g.graph(), weights, Compilation.FP32)) {
                g.inputs().forEach((name, array) -> program.input(name).put(array));
                program.run();
                return g.graph().outputs().keySet().stream().collect(Collectors.toMap(n -> n, n -> program.output(n).toDoubles()));
            }
        }
    }
}
