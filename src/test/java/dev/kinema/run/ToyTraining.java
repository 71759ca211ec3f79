package dev.kinema.run;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.MeanSquaredError;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Linear regression with momentum, dropout, a queue that wraps, a sampler's position and a memory beside the weights; all of them
 * change the losses or the weights, so that a state which is not restored shows.
 */
final class ToyTraining implements Training {
    static final long STEPS = 7;
    private static final int ROWS = 8;
    private static final int WIDTH = 4;

    private final Weights weights;
    private final Program program;
    private final boolean checkFinite;
    private final Faults faults;
    private final HostArray memory = HostArray.allocate(DType.F64, Shape.of(3));
    private long cursor = 100;

    /** What goes wrong: by default nothing. */
    static final class Faults {
        /** Called in a step, once the weights are changed. */
        LongConsumer during = step -> { };
        Runnable saving = () -> { };
        long overflowAt = -1;
        boolean overflowAgain = true;
        boolean nodeThrows = true;
        long infiniteRateAt = -1;
        int queue = 12;
        int open;
        int opened;
    }

    ToyTraining(Device device, boolean checkFinite, Faults faults) {
        this.checkFinite = checkFinite;
        this.faults = faults;
        Graph graph = new Graph();
        Pass pass = Pass.train(graph);
        Value x = graph.input("x", DType.F32, Shape.of(ROWS, WIDTH));
        Value y = Linear.normal(WIDTH, 1, 0.5).apply(pass.at("head"), pass.dropout(x, 0.25));
        Value loss = MeanSquaredError.of(y, graph.input("y", DType.F32, Shape.of(ROWS, 1)));
        graph.output("loss", loss);
        Optimizer.of(Sgd.NESTEROV, 0).minimize(loss);
        RingEnqueue.of(graph.state("queue", DType.F32, Shape.of(faults.queue, WIDTH), Initializer.ZEROS),
            graph.state("queue.pointer", DType.I64, Shape.of(1), Initializer.ZEROS), x);
        weights = device.newWeights();
        weights.initialize(graph, 5);
        program = device.compile(graph, weights,
            checkFinite && faults.nodeThrows ? Compilation.FP32.withFiniteChecks() : Compilation.FP32);
        faults.open++;
        faults.opened++;
    }

    @Override
    public Weights weights() {
        return weights;
    }

    @Override
    public long steps() {
        return STEPS;
    }

    @Override
    public Metrics step(long step) {
        Philox random = new Philox(9, cursor, 0);
        boolean overflow = step == faults.overflowAt && (faults.overflowAgain || !checkFinite);
        HostArray x = program.input("x");
        for (int i = 0; i < ROWS * WIDTH; i++) {
            x.set(i, random.normal(i));
        }
        for (int row = 0; row < ROWS; row++) {
            // the square of the large one is more than a double holds
            program.input("y").set(row, overflow ? 1e200 : x.get(row * WIDTH) - 2 * x.get(row * WIDTH + 1));
        }
        program.input(Optimizer.LEARNING_RATE).put(step == faults.infiniteRateAt ? Double.POSITIVE_INFINITY : 0.05);
        program.run();
        cursor += 1 + step % 3;
        double loss = program.output("loss").get(0) + 0.01 * memory.get(0);
        memory.put(memory.get(1), memory.get(2), loss);
        faults.during.accept(step);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", loss);
        values.put("gradient_norm", program.output(Optimizer.GRADIENT_NORM).get(0));
        values.put("epoch", (double) (step / 3));
        return new Metrics(values);
    }

    @Override
    public Map<String, String> position() {
        faults.saving.run();
        return Map.of("cursor", Long.toString(cursor));
    }

    @Override
    public void restore(Map<String, String> position) {
        cursor = Long.parseLong(position.get("cursor"));
    }

    @Override
    public Map<String, HostArray> extras() {
        return Map.of("memory", memory);
    }

    @Override
    public void restoreExtras(Map<String, HostArray> extras) {
        memory.put(extras.get("memory"));
    }

    @Override
    public void close() {
        program.close();
        weights.close();
        faults.open--;
    }
}
