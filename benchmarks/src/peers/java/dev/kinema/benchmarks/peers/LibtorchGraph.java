package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Peer;
import dev.kinema.bench.Subject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A graph computed by libtorch's functions one after the other, as a careful user would write it: no gradients recorded, ReLU and sums in
 * place, each tensor freed as soon as it is dead. In bf16 everything is bf16, inputs and batch norm's numbers included.
 */
final class LibtorchGraph implements Peer.Contender {
    /** How video is stored, and whether batch norms are folded into the convolutions by hand. */
    enum Setting {
        CONTIGUOUS("contiguous"), CHANNELS_LAST("channels last"), FOLDED("channels last, BN folded");

        private final String text;

        Setting(String text) {
            this.text = text;
        }
    }

    private final Subject subject;
    private final Precision precision;
    private final Setting setting;
    /** Holds what lives as long as this graph. */
    private final PointerScope scope;
    private final Map<Value, Tensor> held = new HashMap<>();
    private final Map<Node, LibtorchFold> folds;
    private final List<LibtorchCall> calls = new ArrayList<>();
    /** Of the last run. */
    private final Map<String, Tensor> results = new LinkedHashMap<>();

    /** Whether all operations have a function of libtorch's. */
    static boolean isKnown(Graph graph) {
        return graph.inputs().values().stream().allMatch(input -> input.dtype() == DType.F32 || Masks.isMask(graph, input))
            && graph.nodes().stream().allMatch(LibtorchCall::isKnown);
    }

    LibtorchGraph(Subject subject, Precision precision, Setting setting) {
        this.subject = subject;
        this.precision = precision;
        this.setting = setting;
        Map<String, HostArray> variables = subject.variables();
        folds = setting == Setting.FOLDED ? LibtorchFold.of(subject.graph(), variables) : Map.of();
        try (PointerScope building = new PointerScope()) {
            scope = building.extend();
            Map<String, HostArray> inputs = subject.inputs();
            subject.graph().inputs().forEach((name, value) -> {
                if (value.dtype() == DType.U8) {
                    held.put(value, LibtorchTensors.mask(inputs.get(name)));
                } else {
                    hold(value, inputs.get(name), true);
                }
            });
            subject.graph().variables().forEach((name, value) -> {
                if (value.dtype().isFloating()) {
                    hold(value, variables.get(name), false);
                }
            });
            addCalls();
        }
    }

    private void addCalls() {
        Map<Value, Node> last = new HashMap<>();
        subject.graph().nodes().forEach(node -> node.inputs().forEach(value -> last.put(value, node)));
        last.keySet().removeAll(held.keySet());
        last.keySet().removeAll(subject.graph().outputs().values());
        for (Node node : subject.graph().nodes()) {
            LibtorchFold fold = folds.get(node);
            Set<Value> dying = node.inputs().stream().filter(value -> last.get(value) == node).collect(Collectors.toSet());
            if (fold != null) {
                hold(node.input(1), HostArray.of(node.input(1).shape(), fold.weight()), false);
                Tensor bias = stored(fold.bias(), new long[] {fold.bias().length});
                calls.add(new LibtorchCall(node, fold.norm().output(0), dying, bias));
            } else if (LibtorchCall.computes(node) && !isFolded(node)) {
                calls.add(new LibtorchCall(node, node.output(0), dying, like(node)));
            }
        }
    }

    /** What the gradient of a convolution takes beside its operands, of which libtorch looks at the shape. */
    private Tensor like(Node node) {
        if (!(node.op() instanceof Conv3dInputGradient || node.op() instanceof Conv3dWeightGradient)) {
            return null;
        }
        Shape shape = node.output(0).shape();
        boolean data = node.op() instanceof Conv3dInputGradient;
        return stored(new float[(int) shape.elements()], data ? VideoLayout.channelsFirst(shape) : LibtorchTensors.dims(shape));
    }

    private boolean isFolded(Node node) {
        return node.op() instanceof BatchNormInference && folds.containsKey(node.input(0).node());
    }

    /** @param data whether it is data, whose channels come first there; weights are in our order already */
    private void hold(Value value, HostArray array, boolean data) {
        Shape shape = value.shape();
        held.put(value, data ? stored(VideoLayout.channelsFirst(array.toFloats(), shape), VideoLayout.channelsFirst(shape))
            : stored(array.toFloats(), LibtorchTensors.dims(shape)));
    }

    private Tensor stored(float[] values, long[] dims) {
        Tensor typed = Tensor.create(values, dims.length == 0 ? new long[] {1} : dims).to(LibtorchTensors.type(precision));
        boolean last = dims.length == 5 && setting != Setting.CONTIGUOUS;
        return typed.contiguous(last ? torch.MemoryFormat.ChannelsLast3d : torch.MemoryFormat.Contiguous).clone();
    }

    @Override
    public String name() {
        return version() + " " + setting.text;
    }

    static String version() {
        try {
            return "libtorch " + Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            throw new UncheckedIOException("the jar of libtorch does not tell its version", e);
        }
    }

    @Override
    public void run() {
        results.values().forEach(Tensor::close);
        results.clear();
        Map<Value, Tensor> values = new HashMap<>(held);
        try (PointerScope temporaries = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            calls.forEach(call -> call.run(values));
            subject.graph().outputs().forEach((name, value) -> {
                Tensor result = values.get(value);
                result.retainReference(); // outlives the scope
                results.put(name, result);
            });
        }
    }

    /** The weights' gradients come in our order already. */
    @Override
    public Map<String, float[]> outputs() {
        Map<String, float[]> outputs = new LinkedHashMap<>();
        try (PointerScope temporaries = new PointerScope()) {
            subject.graph().outputs().forEach((name, value) -> {
                float[] values = LibtorchTensors.floats(results.get(name));
                boolean weight = value.node().op() instanceof Conv3dWeightGradient;
                outputs.put(name, weight ? values : VideoLayout.channelsLast(values, value.shape()));
            });
        }
        return outputs;
    }

    @Override
    public void close() {
        results.values().forEach(Tensor::close);
        scope.close();
    }
}
