package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Relu;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What weights of every device promise of their end. */
class WeightsTest {
    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void weightsAreClosedOnceAndWhenNothingUsesThem(String name) {
        Graph graph = new Graph();
        graph.output("y", Relu.of(graph.parameter("w", Shape.of(4), new Initializer.Normal(1))));
        try (Device device = Device.open(name, 1)) {
            Weights weights = device.newWeights();
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                double[] expected = Arrays.stream(weights.get("w").toDoubles()).map(w -> Math.max(w, 0)).toArray();
                weights.acquire();
                assertSaid("in use by a program that runs", weights::close);
                program.run();
                assertArrayEquals(expected, program.output("y").toDoubles());
                weights.release();
                weights.close();
                weights.close();
                assertSaid("weights are closed", program::run);
                assertSaid("weights are closed", weights::acquire);
                assertSaid("weights are closed", () -> weights.get("w"));
                assertSaid("weights are closed", () -> weights.put("w", HostArray.of(Shape.of(4), 1f, 1f, 1f, 1f)));
                assertSaid("weights are closed", () -> weights.put("v", HostArray.of(Shape.of(1), 1f)));
            }
        }
    }

    private static void assertSaid(String expected, Runnable action) {
        String message = assertThrows(KinemaException.class, action::run).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
