package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Relu;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The memory of weights is there for as long as something uses it. */
class CpuWeightsTest {
    @Test
    void weightsAreNotClosedUnderARun() {
        Graph graph = new Graph();
        graph.output("y", Relu.of(graph.parameter("w", Shape.of(4), new Initializer.Normal(1))));
        List<String> said = new ArrayList<>();
        try (Device device = Device.open("cpu", 1)) {
            CpuWeights weights = (CpuWeights) device.newWeights();
            weights.initialize(graph, 1);
            // a run whose only step tries what another thread might
            Step closing = new Step(graph.nodes().get(0), "closing", List.of(), List.of(),
                p -> () -> said.add(assertThrows(KinemaException.class, weights::close).getMessage()));
            Preparation preparation = new Preparation();
            preparation.use();
            try (CpuProgram program = new CpuProgram((CpuDevice) device, weights, preparation, List.of(closing), List.of(), Map.of(),
                    Map.of(), false)) {
                program.run();
                assertEquals(1, said.size());
                assertTrue(said.get(0).contains("in use by a program that runs"), said::toString);
                assertEquals(4, weights.get("w").elements(), "they are as before");
                weights.close();
                assertTrue(assertThrows(KinemaException.class, program::run).getMessage().contains("weights are closed"));
            }
        }
    }
}
