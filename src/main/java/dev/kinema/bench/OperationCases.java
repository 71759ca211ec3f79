package dev.kinema.bench;

import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.optim.Adam;
import dev.kinema.optim.Lars;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Rule;
import dev.kinema.optim.Sgd;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** What the contextualizer and the objectives are made of, in their sizes, and the optimizers. */
final class OperationCases {
    private static final String SUITE = "ops";
    private static final ContextualizerConfig TXE = ContextualizerConfig.TXE;
    /** Sequences in a training step of the contextualizer. */
    private static final int SEQUENCES = 64;
    private static final double TEMPERATURE = 0.1;
    private static final String DY = "dy";

    private OperationCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (int tokens : new int[] {TXE.maxLength(), 64, 512}) {
            cases.add(new GraphCase(SUITE, "attention-" + tokens + "-tokens", Set.of("Attention"), s -> attention(s, tokens, false)));
            cases.add(new GraphCase(SUITE, "attention-" + tokens + "-tokens-backward", Set.of("AttentionGradient"),
                s -> attention(s, tokens, true)));
        }
        cases.add(linear("linear-in", TXE.inputWidth(), TXE.width()));
        cases.add(linear("linear-square", TXE.width(), TXE.width()));
        cases.add(linear("linear-up", TXE.width(), TXE.feedForward()));
        cases.add(new GraphCase(SUITE, "layer-norm", Set.of("LayerNorm"), s -> layerNorm(s, false)));
        cases.add(new GraphCase(SUITE, "layer-norm-backward", Set.of("LayerNormGradient"), s -> layerNorm(s, true)));
        cases.add(new GraphCase(SUITE, "info-nce-queue-step", Set.of(), OperationCases::queueStep));
        cases.add(new GraphCase(SUITE, "info-nce-batch-step", Set.of(), OperationCases::batchStep));
        cases.add(optimizer("sgd", Sgd.NESTEROV, "Sgd"));
        cases.add(optimizer("lars", Lars.of(Sgd.NESTEROV), "Lars"));
        cases.add(optimizer("adamw", Adam.ADAMW, "Adam"));
        return cases;
    }

    /** The widths of TxE; as many rows as its training step has, in sequences of so many tokens. */
    private static Subject attention(Setting setting, int tokens, boolean backward) {
        int heads = setting.smallest() ? 2 : TXE.heads();
        int width = setting.smallest() ? 16 : TXE.width();
        int length = setting.smallest() ? Math.min(tokens, 9) : tokens;
        int sequences = setting.smallest() ? 2 : Math.max(1, SEQUENCES * TXE.maxLength() / tokens) * setting.batch();
        Graph graph = new Graph();
        Shape shape = Shape.of(sequences, length, width);
        Value q = graph.input("q", DType.F32, shape);
        Value k = graph.input("k", DType.F32, shape);
        Value v = graph.input("v", DType.F32, shape);
        Value y = Attention.of(q, k, v, null, heads, false);
        return backward ? differentiated(graph, y, q, k, v) : computed(graph, y);
    }

    private static Subject computed(Graph graph, Value y) {
        graph.output("y", y);
        return new Subject(graph);
    }

    /** What comes back to each input from an input {@code dy} of random numbers at y. */
    private static Subject differentiated(Graph graph, Value y, Value... inputs) {
        Value dy = graph.input(DY, DType.F32, y.shape());
        Integer[] axes = IntStream.range(0, y.shape().rank()).boxed().toArray(Integer[]::new);
        List<Value> gradients = Gradients.of(Reduce.sum(Mul.of(y, dy), axes), List.of(inputs));
        Map<String, Value> by = new LinkedHashMap<>();
        for (int i = 0; i < inputs.length; i++) {
            graph.output("gradient" + i, gradients.get(i));
            by.put("gradient" + i, inputs[i]);
        }
        return new Subject(graph, new Derivative(y, Optional.of(dy), by));
    }

    private static int rows(Setting setting) {
        return setting.smallest() ? 10 : SEQUENCES * TXE.maxLength() * setting.batch();
    }

    private static Case linear(String name, int in, int out) {
        return new GraphCase(SUITE, name + "-" + in + "to" + out, Set.of("Linear"), setting -> {
            Graph graph = new Graph();
            Value weight = graph.parameter("weight", Shape.of(out, in), new Initializer.Normal(1 / Math.sqrt(in)));
            Value bias = graph.parameter("bias", Shape.of(out), new Initializer.Normal(0.1));
            return computed(graph, Linear.of(graph.input("x", DType.F32, Shape.of(rows(setting), in)), weight, bias));
        });
    }

    private static Subject layerNorm(Setting setting, boolean backward) {
        int width = setting.smallest() ? 24 : TXE.width();
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(rows(setting), width));
        Value gamma = graph.parameter("gamma", Shape.of(width), new Initializer.Normal(1));
        Value beta = graph.parameter("beta", Shape.of(width), new Initializer.Normal(1));
        Value y = LayerNorm.of(x, gamma, beta, TXE.normEpsilon());
        return backward ? differentiated(graph, y, x, gamma, beta) : computed(graph, y);
    }

    /** Loss, gradient and the turn of the queue, K = 65,536 of width 128: all that MoCo has beyond its networks. */
    private static Subject queueStep(Setting setting) {
        int rows = setting.smallest() ? 4 : 64 * setting.batch();
        int width = setting.smallest() ? 16 : 128;
        Graph graph = new Graph();
        Value q = graph.input("q", DType.F32, Shape.of(rows, width));
        Value key = L2Normalize.of(graph.input("k", DType.F32, Shape.of(rows, width)));
        Value queue = graph.state("queue", DType.F32, Shape.of(setting.smallest() ? 32 : 65_536, width),
            new Initializer.Uniform(Math.sqrt(3.0 / width)));
        Value pointer = graph.state("queue.pointer", DType.I64, Shape.of(1), Initializer.ZEROS);
        Node contrast = InfoNce.ofUnitLength(L2Normalize.of(q), key, queue, TEMPERATURE, null, null, null);
        graph.output("gradient", Gradients.of(contrast.output(0), List.of(q)).get(0));
        graph.output("loss", contrast.output(0));
        RingEnqueue.of(queue, pointer, key);
        return new Subject(graph, new Derivative(contrast.output(0), Optional.empty(), Map.of("gradient", q)));
    }

    /** Loss and gradient of CVRL's contrast within a batch. */
    private static Subject batchStep(Setting setting) {
        int rows = setting.smallest() ? 4 : 256 * setting.batch();
        int width = setting.smallest() ? 16 : 128;
        Graph graph = new Graph();
        Value a = graph.input("a", DType.F32, Shape.of(rows, width));
        Value b = graph.input("b", DType.F32, Shape.of(rows, width));
        Value loss = InBatchInfoNce.of(L2Normalize.of(a), L2Normalize.of(b), TEMPERATURE).output(0);
        List<Value> gradients = Gradients.of(loss, List.of(a, b));
        graph.output("loss", loss);
        graph.output("gradient of a", gradients.get(0));
        graph.output("gradient of b", gradients.get(1));
        return new Subject(graph, new Derivative(loss, Optional.empty(), Map.of("gradient of a", a, "gradient of b", b)));
    }

    /** One step over 9.4 million weights: three times those of Slow-D's 3x1x1 convolution from 2048 to 512. */
    private static Case optimizer(String name, Rule rule, String operation) {
        return new GraphCase(SUITE, "optimizer-" + name, Set.of(operation), setting -> {
            int side = setting.smallest() ? 12 : 3072;
            Graph graph = new Graph();
            Value parameter = graph.parameter("weight", Shape.of(side, side), new Initializer.Normal(1));
            Value gradient = graph.input("gradient", DType.F32, Shape.of(side, side));
            Optimizer.of(rule, 1e-4).apply(List.of(parameter), List.of(gradient));
            return new Subject(graph);
        });
    }
}
