package dev.kinema.golden;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;

/**
 * A device that is held to golden numbers.
 *
 * @param precision in which programs are compiled
 * @param agreement what its results are compared by
 */
public record GoldenDevice(Device device, Precision precision, Agreement agreement) {
    public Arithmetic arithmetic() {
        return Arithmetic.of(device, precision);
    }

    public Weights newWeights() {
        return device.newWeights();
    }

    public Program compile(Graph graph, Weights weights) {
        return device.compile(graph, weights, Compilation.FP32.withPrecision(precision));
    }
}
