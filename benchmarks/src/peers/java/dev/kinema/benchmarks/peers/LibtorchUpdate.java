package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Peer;
import dev.kinema.bench.Subject;
import dev.kinema.device.HostArray;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Sgd;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A step of one of libtorch's optimizers over one parameter. It has no LARS: that is its SGD along a gradient that is scaled before, as it
 * is written for PyTorch.
 */
final class LibtorchUpdate implements Peer.Contender {
    /** libtorch's defaults, which its options are left at. */
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;

    /** Holds what lives as long as this. */
    private final PointerScope scope;
    private final String parameterName;
    private final Tensor parameter;
    private final Tensor gradient;
    private final Optimizer optimizer;
    /** Null for other rules. */
    private final Lars lars;

    /** Whether the graph is such a step, and nothing else. */
    static boolean isKnown(Graph graph) {
        List<Node> nodes = graph.nodes().stream().filter(LibtorchCall::computes)
            .filter(node -> !(node.op() instanceof GlobalNorm || node.op() instanceof Increment)).toList();
        return nodes.size() == 1 && isKnown(nodes.get(0).op());
    }

    private static boolean isKnown(Op op) {
        return op instanceof Sgd || op instanceof Adam adam && adam.decoupled() && adam.beta1() == BETA1 && adam.beta2() == BETA2
            || op instanceof Lars lars && !lars.clip();
    }

    LibtorchUpdate(Subject subject) {
        Graph graph = subject.graph();
        Node update = graph.nodes().stream().filter(node -> isKnown(node.op())).findFirst().orElseThrow();
        parameterName = Graph.variableOf(update.input(0));
        lars = update.op() instanceof Lars scaled ? scaled : null;
        Map<String, HostArray> inputs = subject.inputs();
        try (PointerScope building = new PointerScope()) {
            scope = building.extend();
            parameter = tensor(update.input(0), subject.variables().get(parameterName)).set_requires_grad(true);
            gradient = tensor(update.input(1), inputs.get(nameOf(graph, update.input(1))));
            parameter.mul(gradient).sum().backward();
            optimizer = optimizer(update.op(), inputs.get(nameOf(graph, update.input(2))).get(0), new TensorVector(parameter));
        }
    }

    private static Tensor tensor(Value value, HostArray array) {
        return LibtorchTensors.of(array.toFloats(), LibtorchTensors.dims(value.shape()), torch.ScalarType.Float);
    }

    private static String nameOf(Graph graph, Value input) {
        return graph.inputs().entrySet().stream().filter(e -> e.getValue().equals(input)).findFirst().orElseThrow().getKey();
    }

    private static Optimizer optimizer(Op op, double rate, TensorVector parameters) {
        if (op instanceof Adam adam) {
            AdamWOptions options = new AdamWOptions(rate);
            options.eps().put(adam.epsilon());
            options.weight_decay().put(adam.weightDecay());
            return new AdamW(parameters, options);
        }
        SGDOptions options = new SGDOptions(rate);
        if (op instanceof Sgd sgd) {
            put(options, sgd.momentum(), sgd.dampening(), sgd.nesterov(), sgd.weightDecay());
        } else if (op instanceof Lars lars) {
            put(options, lars.momentum(), lars.dampening(), lars.nesterov(), 0);
        }
        return new SGD(parameters, options);
    }

    private static void put(SGDOptions options, double momentum, double dampening, boolean nesterov, double decay) {
        options.momentum().put(momentum);
        options.dampening().put(dampening);
        options.nesterov().put(nesterov);
        options.weight_decay().put(decay);
    }

    @Override
    public String name() {
        return LibtorchGraph.version() + (lars == null ? " optimizer" : " SGD, scaled before");
    }

    @Override
    public void run() {
        try (PointerScope temporaries = new PointerScope()) {
            if (lars != null) {
                scale();
            }
            optimizer.step();
        }
    }

    /** g = a (g + weightDecay p), a = trust |p| / (|g| + weightDecay |p| + epsilon). */
    private void scale() {
        try (NoGradGuard guard = new NoGradGuard()) {
            double p = parameter.norm().item_double();
            double g = gradient.norm().item_double();
            double rate = lars.trust() * p / (g + lars.weightDecay() * p + lars.epsilon());
            Tensor scaled = gradient.add(parameter, new Scalar(lars.weightDecay()));
            scaled.mul_(new Scalar(rate));
            parameter.mutable_grad().put(scaled);
        }
    }

    /** The parameter. */
    @Override
    public Map<String, float[]> outputs() {
        try (PointerScope temporaries = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            return Map.of(parameterName, LibtorchTensors.floats(parameter.detach()));
        }
    }

    @Override
    public void close() {
        scope.close();
    }
}
