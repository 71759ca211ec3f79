package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Peer;
import dev.kinema.bench.TrainingStep;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.optim.Adam;
import dev.kinema.optim.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A training step in eager mode: the forward pass as a careful user writes it, libtorch's own derivatives, its own optimizer. Clips come
 * normalised, in the type and layout that is computed in; running statistics and the gradient's norm, which our step has, are left out. In
 * bf16 everything but the loss is bf16, weights, moments and batch norms included; autocast over float32 weights has not been tried.
 */
final class LibtorchStep implements Peer.Contender {
    private final TrainingStep step;
    private final Precision precision;
    private final boolean channelsLast;
    /** Holds what lives as long as this step. */
    private final PointerScope scope;
    private final Map<Value, Tensor> held = new HashMap<>();
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final List<LibtorchCall> calls = new ArrayList<>();
    private final Optimizer optimizer;
    private final LibtorchQueues queues;
    private float loss;

    /** Whether all operations up to the loss have a function of libtorch's, and the rule too. */
    static boolean isKnown(TrainingStep step) {
        return (step.rule() instanceof Sgd || step.rule() instanceof Adam) && needed(step.forward().outputs().get(TrainingStep.LOSS)).stream()
            .allMatch(node -> node.op() instanceof NormalizeFrames || LibtorchCall.isKnown(node) || LibtorchTraining.isKnown(node));
    }

    LibtorchStep(TrainingStep step, Precision precision, boolean channelsLast) {
        this.step = step;
        this.precision = precision;
        this.channelsLast = channelsLast;
        queues = new LibtorchQueues(step.forward());
        try (PointerScope building = new PointerScope()) {
            scope = building.extend();
            Graph graph = step.forward();
            graph.inputs().forEach((name, value) -> holdInput(value, step.inputs().get(name)));
            step.variables().forEach((name, array) -> {
                long[] dims = Arrays.stream(array.shape().dims()).asLongStream().toArray();
                Tensor tensor = stored(array.toFloats(), dims.length == 0 ? new long[] {1} : dims);
                held.put(graph.variables().get(name), tensor);
            });
            TensorVector trained = new TensorVector();
            for (Value value : graph.parameters()) {
                Tensor tensor = held.get(value);
                tensor.set_requires_grad(true);
                parameters.put(Graph.variableOf(value), tensor);
                trained.push_back(tensor);
            }
            optimizer = optimizer(trained);
            addCalls();
        }
    }

    private Optimizer optimizer(TensorVector trained) {
        if (step.rule() instanceof Sgd sgd) {
            SGDOptions options = new SGDOptions(0);
            options.momentum().put(sgd.momentum());
            options.weight_decay().put(step.weightDecay());
            options.nesterov().put(sgd.nesterov());
            return new SGD(trained, options);
        }
        AdamOptions options = new AdamOptions(0);
        options.weight_decay().put(step.weightDecay());
        return new org.bytedeco.pytorch.Adam(trained, options);
    }

    /** The nodes that a value is made of, in their order. */
    static List<Node> needed(Value result) {
        Set<Node> found = new HashSet<>();
        List<Node> open = new ArrayList<>(List.of(result.node()));
        while (!open.isEmpty()) {
            Node node = open.remove(open.size() - 1);
            if (found.add(node)) {
                node.inputs().forEach(value -> open.add(value.node()));
            }
        }
        return result.graph().nodes().stream().filter(found::contains).toList();
    }

    private void addCalls() {
        List<Node> nodes = needed(step.forward().outputs().get(TrainingStep.LOSS)).stream()
            .filter(node -> LibtorchCall.computes(node) && !(node.op() instanceof NormalizeFrames)).toList();
        calls.addAll(LibtorchCall.inOrder(nodes, value -> held.containsKey(value) || queues.take(value)));
    }

    /** Clips become numbers, masks truth values, and of places of hidden events those are kept that are in use. */
    private void holdInput(Value value, HostArray array) {
        Shape shape = array.shape();
        if (array.dtype() == DType.F32) {
            held.put(value, stored(VideoLayout.channelsFirst(array.toFloats(), shape), VideoLayout.channelsFirst(shape)));
        } else if (array.dtype() == DType.U8 && VideoLayout.isVideo(shape)) {
            Node normalized = step.forward().nodes().stream()
                .filter(node -> node.op() instanceof NormalizeFrames && node.input(0).equals(value)).findFirst().orElseThrow();
            float[] values = normalized((NormalizeFrames) normalized.op(), array);
            held.put(normalized.output(0), stored(VideoLayout.channelsFirst(values, shape), VideoLayout.channelsFirst(shape)));
        } else if (array.dtype() == DType.U8) {
            Tensor numbers = Tensor.create(array.toLongs(), VideoLayout.channelsFirst(shape));
            held.put(value, numbers.to(torch.ScalarType.Bool));
        } else if (array.dtype() == DType.I32) {
            HostArray count = step.inputs().get("count");
            long[] places = array.toLongs();
            int used = count == null ? places.length : (int) Math.min(places.length, count.toLongs()[0]);
            held.put(value, Tensor.create(Arrays.copyOf(places, used), used));
        } else {
            throw new IllegalArgumentException("an input of " + array.dtype() + ": " + value);
        }
    }

    private static float[] normalized(NormalizeFrames op, HostArray frames) {
        int channels = frames.shape().last();
        long[] bytes = frames.toLongs();
        float[] values = new float[bytes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = op.level((int) bytes[i], i % channels);
        }
        return values;
    }

    private Tensor stored(float[] values, long[] dims) {
        torch.ScalarType type = precision == Precision.BF16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float;
        torch.MemoryFormat format = dims.length == 5 && channelsLast ? torch.MemoryFormat.ChannelsLast3d : torch.MemoryFormat.Contiguous;
        return Tensor.create(values, dims).to(type).contiguous(format).clone();
    }

    static String name(boolean channelsLast) {
        return LibtorchGraph.version() + " eager" + (channelsLast ? ", channels last" : "");
    }

    @Override
    public String name() {
        return name(channelsLast);
    }

    @Override
    public void run() {
        Map<Value, Tensor> values = new HashMap<>(held);
        try (PointerScope temporaries = new PointerScope()) {
            optimizer.zero_grad();
            calls.forEach(call -> call.run(values));
            Tensor result = values.get(step.forward().outputs().get(TrainingStep.LOSS));
            result.backward();
            loss = result.item_float();
            optimizer.step();
            try (NoGradGuard guard = new NoGradGuard()) {
                queues.enqueue(values);
            }
        }
    }

    /** The loss, and of each trained variable the gradient by its name. */
    @Override
    public Map<String, float[]> outputs() {
        Map<String, float[]> outputs = new LinkedHashMap<>(Map.of(TrainingStep.LOSS, new float[] {loss}));
        try (PointerScope temporaries = new PointerScope()) {
            parameters.forEach((name, tensor) -> {
                Tensor plain = tensor.grad().to(torch.ScalarType.Float).contiguous();
                float[] numbers = new float[(int) plain.numel()];
                new FloatPointer(plain.data_ptr()).get(numbers);
                outputs.put(name, numbers);
            });
        }
        return outputs;
    }

    @Override
    public void close() {
        scope.close();
    }
}
