package dev.kinema.pretrain;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Assign;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Variable;
import dev.kinema.optim.MovingAverage;
import dev.kinema.optim.Optimizer;
import java.util.ArrayList;
import java.util.List;

/**
 * Gradients summed over the parts of a batch, in state {@code gradient_sum.PARAMETER} that is zero between steps, and the program that makes
 * an optimizer step of the sum.
 */
public final class GradientSum implements AutoCloseable {
    /** What the names of the sums begin with. */
    public static final String PREFIX = "gradient_sum.";

    private final Program update;
    private final boolean followed;

    /** Appends sum = sum + gradient for each parameter. */
    public static void add(List<Value> parameters, List<Value> gradients) {
        for (int i = 0; i < parameters.size(); i++) {
            Value sum = sum(parameters.get(i));
            Assign.of(sum, Add.of(sum, gradients.get(i)));
        }
    }

    private static Value sum(Value parameter) {
        return parameter.graph().state(PREFIX + Graph.variableOf(parameter), DType.F32, parameter.shape(), Initializer.ZEROS);
    }

    /**
     * The step of a network without a momentum encoder.
     *
     * @param weights gets what the optimizer needs
     * @param forward a graph that declares all variables of the network
     * @param seed variables that the weights lack are drawn from
     */
    public GradientSum(Device device, Weights weights, Compilation compilation, Optimizer optimizer, Graph forward, long seed) {
        Graph graph = new Graph();
        step(graph, optimizer, forward);
        followed = false;
        weights.initialize(graph, seed);
        update = device.compile(graph, weights, compilation);
    }

    /** @param forward a graph that declares all variables of the network, and of its momentum encoder where there is one */
    GradientSum(StepBuilder builder, Graph forward) {
        Graph graph = new Graph();
        Optimizer.Step step = step(graph, builder.optimizer(), forward);
        followed = builder.objective().hasKeys();
        if (followed) {
            builder.follow(graph, step);
        }
        builder.initialize(graph);
        update = builder.device().compile(graph, builder.weights(), builder.compilation());
    }

    /** Appends a step along the sums, which are zero after it. */
    private static Optimizer.Step step(Graph graph, Optimizer optimizer, Graph forward) {
        List<Value> parameters = new ArrayList<>();
        for (Variable variable : forward.declarations()) {
            if (variable.trained()) {
                parameters.add(graph.variable(variable));
            } else if (variable.name().startsWith(Objective.COPY)) {
                graph.variable(variable);
            }
        }
        List<Value> sums = parameters.stream().map(GradientSum::sum).toList();
        Optimizer.Step step = optimizer.apply(parameters, sums);
        sums.forEach(sum -> Assign.of(sum, Fill.of(graph, sum.shape(), 0)));
        return step;
    }

    /** Makes the step of a network without a momentum encoder. @return the norm of the summed gradient */
    public double apply(double rate) {
        return apply(rate, 0);
    }

    /** Makes the step. @return the norm of the summed gradient */
    double apply(double rate, double decay) {
        update.input(Optimizer.LEARNING_RATE).put((float) rate);
        if (followed) {
            update.input(MovingAverage.DECAY).put((float) decay);
        }
        update.run();
        return update.output(Optimizer.GRADIENT_NORM).get(0);
    }

    @Override
    public void close() {
        update.close();
    }
}
