package dev.kinema.bench;

import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.optim.Rule;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A training step for another engine: it computes the loss, differentiates it by all trained variables, and updates these, at a rate of 0,
 * so that any number of steps do the same work on the same weights.
 *
 * @param forward to the output {@value #LOSS} []; keys are enqueued after the step, batch statistics need not be averaged
 * @param variables those of floats, by name
 * @param inputs by name
 */
public record TrainingStep(Graph forward, Map<String, HostArray> variables, Map<String, HostArray> inputs, Rule rule, double weightDecay) {
    public static final String LOSS = "loss";

    /** With the numbers that a program of ours has. */
    static TrainingStep of(Graph forward, Program program, Weights weights, Rule rule, double weightDecay) {
        Map<String, HostArray> variables = new LinkedHashMap<>();
        forward.variables().forEach((name, value) -> {
            if (value.dtype() == DType.F32) {
                variables.put(name, weights.get(name));
            }
        });
        Map<String, HostArray> inputs = new LinkedHashMap<>();
        forward.inputs().forEach((name, value) -> {
            // in the graph's type: the reference device's own floats are doubles
            HostArray input = HostArray.allocate(value.dtype(), value.shape());
            input.put(program.input(name));
            inputs.put(name, input);
        });
        return new TrainingStep(forward, variables, inputs, rule, weightDecay);
    }
}
