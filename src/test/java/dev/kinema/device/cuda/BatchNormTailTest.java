package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.Compilation;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.BatchNormGradient;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import dev.kinema.graph.op.Scale;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a batch norm's kernel does of its neighbours' work: when, and that it changes no bit. */
class BatchNormTailTest extends OnEmulatedDevice {
    private static final Shape VIDEO = Shape.of(2, 3, 2, 5, 12);

    /** A graph with a batch norm, and the values around it. */
    private static final class Block {
        final Graph graph = new Graph();
        final Value x = graph.input("x", DType.F32, VIDEO);
        final Value other = graph.input("other", DType.F32, VIDEO);
        final Value gamma = graph.parameter("gamma", Shape.of(VIDEO.last()), new Initializer.Normal(1));
        final Value beta = graph.parameter("beta", Shape.of(VIDEO.last()), new Initializer.Normal(1));
        final Node norm = graph.append(new BatchNorm(1e-5), List.of(x, gamma, beta));

        void backward(Value dy, Value relu) {
            Value through = graph.add(new ReluGradient(), dy, relu);
            Node gradient = graph.append(new BatchNormGradient(1e-5, true), List.of(through, x, gamma, norm.output(1), norm.output(2)));
            graph.output("dx", gradient.output(0));
            graph.output("dgamma", gradient.output(1));
            graph.output("dbeta", gradient.output(2));
        }
    }

    /** The outputs of two runs of the program, of which the second meets what the first left; and how many of its steps say so. */
    private double[][] run(Consumer<Block> build, Compilation how, String step, int times) {
        Block block = new Block();
        build.accept(block);
        try (Weights weights = device.newWeights()) {
            weights.initialize(block.graph, 1);
            try (Program program = device.compile(block.graph, weights, how)) {
                String steps = program.describe();
                assertEquals(times, steps.lines().filter(line -> line.endsWith(step)).count(), step + " in\n" + steps);
                block.graph.inputs().keySet().forEach(name -> {
                    HostArray array = program.input(name);
                    IntStream.range(0, array.elements()).forEach(i -> array.set(i, Math.sin(name.length() + 1.7 * i)));
                });
                program.run();
                program.run();
                return block.graph.outputs().keySet().stream().map(name -> program.output(name).toDoubles()).toArray(double[][]::new);
            }
        }
    }

    private void same(Consumer<Block> build, String step, String apart, int timesApart) {
        double[][] together = run(build, new Compilation(Precision.FP32, true), step, 1);
        double[][] oneByOne = run(build, new Compilation(Precision.FP32, false), apart, timesApart);
        assertArrayEquals(oneByOne, together);
    }

    @Test
    void aReluIsDoneByTheKernelOfTheBatchNorm() {
        same(b -> b.graph.output("y", Relu.of(b.norm.output(0))), "batchnorm.forward, relu", "elementwise.unary", 1);
    }

    @Test
    void aSumIsToo() {
        same(b -> b.graph.output("y", Add.of(b.other, b.norm.output(0))), "batchnorm.forward + residual", "elementwise.binary", 1);
        same(b -> b.graph.output("y", Relu.of(Add.of(b.norm.output(0), Scale.of(b.other, 2)))), "batchnorm.forward",
            "elementwise.unary", 2);
    }

    @Test
    void aSumWithWhatIsThereBeforeIsDoneWithItsRelu() {
        same(b -> {
            Value before = Scale.of(b.other, 2);
            Node norm = b.graph.append(new BatchNorm(1e-5), List.of(b.x, b.beta, b.gamma));
            b.graph.output("y", Relu.of(Add.of(norm.output(0), before)));
        }, "batchnorm.forward + residual, relu", "elementwise.unary", 2);
    }

    @Test
    void whatIsReadTwiceStays() {
        same(b -> {
            b.graph.output("y", Relu.of(b.norm.output(0)));
            b.graph.output("z", Scale.of(b.norm.output(0), 2));
        }, "batchnorm.forward", "batchnorm.forward", 1);
    }

    @Test
    void aGradientGoesThroughTheRelu() {
        same(b -> b.backward(b.other, Relu.of(b.norm.output(0))), "batchnorm.gradient through relu", "elementwise.binary", 1);
        same(b -> b.backward(Scale.of(b.other, 3), Relu.of(b.norm.output(0))), "batchnorm.gradient through relu", "elementwise.binary", 1);
    }

    @Test
    void aGradientOfAReluAfterASumStays() {
        same(b -> b.backward(b.other, Relu.of(Add.of(b.norm.output(0), b.other))), "batchnorm.gradient", "elementwise.binary", 2);
    }
}
