package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Scale;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run with finite checks stops at the first node that leaves the numbers, names it, and has changed nothing. */
class FiniteCheckTest {
    private static final Compilation CHECKED = Compilation.FP32.withFiniteChecks();

    private final Graph graph = new Graph();

    private static String message(Program program) {
        return assertThrows(KinemaException.class, program::run).getMessage();
    }

    /** x, x^2, x^4, x^8, x^16, each in a scope; 1e30 leaves float32 at the first square and float64 at the fourth. */
    private Value squares() {
        Value x = graph.input("x", DType.F32, Shape.of(2, 3));
        for (int i = 1; i <= 4; i++) {
            try (Graph.Scope scope = graph.scope("square" + i)) {
                x = Mul.of(x, x);
            }
        }
        return x;
    }

    @ParameterizedTest
    @CsvSource({"cpu, square1", "reference, square4"})
    void theFirstNodeIsNamed(String deviceName, String expected) {
        graph.output("y", Scale.of(squares(), 2));
        Increment.of(graph.state("step", DType.I64, Shape.of(1), Initializer.ZEROS));
        try (Device device = Device.open(deviceName, 2); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, CHECKED); Program unchecked = device.compile(graph, weights)) {
                for (Program p : List.of(program, unchecked)) {
                    p.input("x").put(1.0, 1e30, 1, -1e30, 1, 1);
                }
                unchecked.run();
                String message = message(program);
                assertTrue(message.startsWith("output 0 of Mul in " + expected + ": 2 of 6 numbers are NaN or infinite"), message);
                assertEquals(1, weights.get("step").getLong(0), "the unchecked run's alone");
                program.input("x").put(1.0, 1, 1, 1, 1, 1);
                program.run();
                assertEquals(2, weights.get("step").getLong(0));
                assertEquals(2, program.output("y").get(5));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "reference"})
    void inputsAndVariablesAreLookedAtToo(String deviceName) {
        Value w = graph.parameter("w", Shape.of(3), Initializer.ONES);
        graph.output("y", Mul.of(squares(), w));
        try (Device device = Device.open(deviceName, 2); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, CHECKED)) {
                program.input("x").put(1.0, Double.NaN, 1, 1, 1, 1);
                assertTrue(message(program).startsWith("input 'x': 1 of 6 numbers are NaN or infinite"), message(program));
                program.input("x").put(1.0, 1, 1, 1, 1, 1);
                weights.put("w", HostArray.of(Shape.of(3), Double.POSITIVE_INFINITY, 0, Double.NaN));
                assertTrue(message(program).startsWith("variable 'w': 2 of 3 numbers are NaN or infinite"), message(program));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"cpu, 1e30", "reference, 1e200"})
    void anOptimizersStepIsNotTakenUnlessItIsItThatOverflows(String deviceName, double large) {
        Value w = graph.parameter("w", Shape.of(2), Initializer.ONES);
        Value x = graph.input("x", DType.F32, Shape.of(2));
        Value loss = Reduce.sum(Mul.of(Mul.of(w, x), x), 0);
        Optimizer.of(Sgd.NESTEROV, 1e-4).minimize(loss);
        try (Device device = Device.open(deviceName, 2); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, CHECKED)) {
                program.input("x").put(1.0, large);
                program.input(Optimizer.LEARNING_RATE).put(0.1);
                assertTrue(message(program).startsWith("output 0 of Mul in backward: 1 of 2 numbers"), message(program));
                assertArrayEquals(new double[] {1, 1}, weights.get("w").toDoubles());
                // the gradient, and the sum of its squares, stay within the numbers
                program.input("x").put(1.0, Math.cbrt(large));
                program.input(Optimizer.LEARNING_RATE).put(large);
                assertTrue(message(program).startsWith("variable 'w', written by Sgd: 1 of 2 numbers"), message(program));
            }
        }
    }
}
