package dev.kinema.device.reference;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Fusion;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;

/**
 * Runs graphs in float64 whatever {@link Compilation#precision()} asks for: it is what the precisions of other devices are measured against.
 * Floating inputs and outputs are F64 arrays, variables are kept in float64.
 */
final class ReferenceDevice implements Device {
    static final String NAME = "reference";

    private final Workers workers;

    ReferenceDevice(int threads) {
        workers = new Workers(threads);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return workers.threads() + (workers.threads() == 1 ? " thread" : " threads") + ", float64 in plain Java: exact and slow";
    }

    @Override
    public Weights newWeights() {
        return new ReferenceWeights();
    }

    @Override
    public Program compile(Graph graph, Weights weights, Compilation how) {
        if (!(weights instanceof ReferenceWeights mine)) {
            throw new KinemaException("these weights belong to another device: create them with newWeights() of '" + NAME + "'");
        }
        weights.require(graph);
        return new ReferenceProgram(how.fuse() ? Fusion.apply(graph) : graph, mine, workers, how.checkFinite());
    }

    @Override
    public void close() {
        workers.close();
    }
}
