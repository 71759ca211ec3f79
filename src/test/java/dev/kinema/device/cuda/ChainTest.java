package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Scale;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Neighbours in one step: which, that it changes no bit, and in which types what lies between is stored. */
class ChainTest extends OnEmulatedDevice {
    private static final Compilation TOGETHER = new Compilation(Precision.FP32, true);
    private static final Compilation ONE_BY_ONE = new Compilation(Precision.FP32, false);
    private static final int WIDTH = 24;

    /** A graph with tokens [2, 5, WIDTH], weights [WIDTH, WIDTH] and a random state. */
    private static final class Block {
        final Graph graph = new Graph();
        final Value x = graph.input("x", DType.F32, Shape.of(2, 5, WIDTH));
        final Value other = graph.input("other", DType.F32, Shape.of(2, 5, WIDTH));
        final Value random = graph.input("random", DType.I64, Shape.of(2));

        Value linear(String name, Value in) {
            Value w = graph.parameter(name, Shape.of(WIDTH, WIDTH), new Initializer.Normal(0.2));
            return Linear.of(in, w, graph.parameter(name + ".bias", Shape.of(WIDTH), new Initializer.Normal(1)));
        }

        Value drop(Value in) {
            return Dropout.of(in, 0.25, random);
        }

        /** A transformer's feed-forward part before a norm, and all its gradients, as outputs. */
        void train(Gelu.Form form) {
            Value inner = drop(Gelu.of(linear("inner", x), form));
            differentiate(Add.of(x, drop(linear("outer", inner))));
        }

        void differentiate(Value y) {
            Value loss = Reduce.sum(Mul.of(y, other), 0, 1, 2);
            graph.output("y", y);
            List<Value> by = Stream.concat(Stream.of(x), graph.variables().values().stream()).toList();
            List<Value> gradients = Gradients.of(loss, by);
            IntStream.range(0, by.size()).forEach(i -> graph.output("d" + i, gradients.get(i)));
        }
    }

    private double[][] run(Consumer<Block> build, Compilation how, Consumer<String> steps) {
        Block block = new Block();
        build.accept(block);
        weights.initialize(block.graph, 1);
        try (Program program = device.compile(block.graph, weights, how)) {
            steps.accept(program.describe());
            block.graph.inputs().forEach((name, value) -> {
                HostArray array = program.input(name);
                for (int i = 0; i < array.elements(); i++) {
                    if (name.equals("random")) {
                        array.set(i, 7L + i);
                    } else {
                        array.set(i, Math.sin(name.length() + 1.7 * i));
                    }
                }
            });
            program.run();
            program.run();
            return block.graph.outputs().keySet().stream().map(name -> program.output(name).toDoubles()).toArray(double[][]::new);
        }
    }

    private static long count(String steps, String step) {
        return steps.lines().filter(line -> line.replaceAll("  # .*", "").endsWith(": " + step)).count();
    }

    /** The program has the steps once each, and what is done one by one gives the same bits. */
    private void same(Consumer<Block> build, String... expected) {
        double[][] together = run(build, TOGETHER, steps -> {
            for (String step : expected) {
                assertEquals(1, count(steps, step), step + " in\n" + steps);
            }
        });
        double[][] apart = run(build, ONE_BY_ONE, steps -> {
            for (String step : expected) {
                assertEquals(0, count(steps, step), step + " in\n" + steps);
            }
        });
        assertArrayEquals(apart, together);
    }

    @Test
    void aFeedForwardPartIsTwoProductsAndItsGradientsTwoMore() {
        for (Gelu.Form form : Gelu.Form.values()) {
            same(b -> b.train(form), "matmul+bias+" + (form == Gelu.Form.ERF ? "gelu" : "gelu_tanh") + "+dropout",
                "matmul+bias+dropout+residual", "matmul+dropout+gelu_gradient");
        }
    }

    @Test
    void neighboursWithoutAProductAreOneStep() {
        same(b -> b.graph.output("y", Add.of(b.drop(Gelu.of(Scale.of(b.x, 2))), b.other)), "elementwise.chain gelu+dropout+residual");
        same(b -> b.graph.output("y", Add.of(b.other, b.drop(Relu.of(b.x)))), "elementwise.chain relu+dropout+residual");
        same(b -> b.graph.output("y", b.drop(Gelu.of(b.x, Gelu.Form.TANH))), "elementwise.chain gelu_tanh+dropout");
    }

    @Test
    void aProductGoesThroughTheReluOfAnother() {
        same(b -> b.differentiate(b.linear("outer", Relu.of(b.linear("inner", b.x)))), "matmul+bias+relu", "matmul+relu_gradient");
    }

    /** A residual that is itself the product's operand is read until the last block is done. */
    @Test
    void aSumWithTheOperandDoesNotOverwriteIt() {
        same(b -> {
            Value x = Scale.of(b.x, 2);
            b.graph.output("y", Add.of(x, b.linear("w", x)));
        }, "matmul+bias+residual");
    }

    @Test
    void whatIsReadTwiceOrIsAnOutputStays() {
        run(b -> {
            Value sum = b.linear("w", b.x);
            b.graph.output("y", Add.of(Scale.of(sum, 2), sum));
            Value dropped = b.drop(b.linear("v", b.x));
            b.graph.output("dropped", dropped);
            b.graph.output("z", Add.of(dropped, b.other));
        }, TOGETHER, steps -> {
            assertEquals(1, count(steps, "matmul+bias"), steps);
            assertEquals(1, count(steps, "matmul+bias+dropout"), steps);
            assertEquals(2, count(steps, "elementwise.binary"), steps);
        });
    }

    /** The gradient of a ReLU after a batch norm is done by that of the norm, which knows the sign without reading it. */
    @Test
    void aBatchNormTakesTheGradientOfItsReluBeforeAProductDoes() {
        same(b -> {
            Value gamma = b.graph.parameter("gamma", Shape.of(WIDTH), new Initializer.Normal(1));
            Value beta = b.graph.parameter("beta", Shape.of(WIDTH), new Initializer.Normal(1));
            Value rows = Reshape.of(b.x, Shape.of(10, WIDTH));
            Value norm = b.graph.append(new BatchNorm(1e-5), List.of(b.linear("inner", rows), gamma, beta)).output(0);
            b.differentiate(Reshape.of(b.linear("outer", Relu.of(norm)), b.x.shape()));
        }, "batchnorm.gradient through relu");
    }

    /** In bf16 nothing is converted but inputs, weights, the gradient that comes in, and what goes into the residual sum or a norm stays. */
    @Test
    void whatProductsReadIsStoredAsTheyReadIt() {
        run(b -> b.train(Gelu.Form.ERF), Compilation.BF16, steps -> {
            // x and two weights
            assertEquals(3, count(steps, "elementwise.convert"), steps);
        });
        run(b -> {
            Value gamma = b.graph.parameter("gamma", Shape.of(WIDTH), Initializer.ONES);
            Value beta = b.graph.parameter("beta", Shape.of(WIDTH), Initializer.ZEROS);
            Value sum = Add.of(b.x, b.linear("inner", b.x));
            b.graph.output("y", b.graph.append(new LayerNorm(1e-5), List.of(sum, gamma, beta)).output(0));
        }, Compilation.BF16, steps -> assertEquals(2, count(steps, "elementwise.convert"), steps));
    }

    /** Functions between products move half the bytes that they do in float32. */
    @Test
    void inBf16ChainsMoveHalfTheBytes() {
        Consumer<Block> build = b -> b.graph.output("y", b.linear("outer", b.drop(Relu.of(b.drop(b.linear("inner", b.x))))));
        long[] bytes = new long[2];
        for (int i = 0; i < 2; i++) {
            Block block = new Block();
            build.accept(block);
            weights.initialize(block.graph, 1);
            try (Program program = device.compile(block.graph, weights, i == 0 ? Compilation.FP32 : Compilation.BF16)) {
                bytes[i] = program.steps().stream().filter(s -> s.kernel().startsWith("elementwise.chain")).mapToLong(s -> s.bytes()).sum();
            }
        }
        assertTrue(bytes[0] > 0 && bytes[1] - 16 == (bytes[0] - 16) / 2, bytes[0] + ", " + bytes[1]);
    }
}
