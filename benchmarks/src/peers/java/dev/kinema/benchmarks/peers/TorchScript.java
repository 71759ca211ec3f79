package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Subject;
import dev.kinema.device.HostArray;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.GlobalAveragePool3d;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.Window;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A graph of one output as a TorchScript module: our nodes as lines of its language, our variables as its buffers. */
final class TorchScript {
    private static final String ONES = "[1, 1, 1]";

    private TorchScript() {}

    /**
     * The module; empty where the graph has an operation that is not written. Its inputs are the graph's, in their order.
     *
     * @param type of its weights
     */
    static Optional<JitModule> of(Subject subject, torch.ScalarType type) {
        Graph graph = subject.graph();
        boolean written = graph.outputs().size() == 1
            && graph.nodes().stream().allMatch(node -> !LibtorchCall.computes(node) || line(node) != null);
        if (!written) {
            return Optional.empty();
        }
        JitModule module = new JitModule(new QualifiedName("Subject"));
        for (Map.Entry<String, HostArray> variable : subject.variables().entrySet()) {
            HostArray array = variable.getValue();
            long[] dims = Arrays.stream(array.shape().dims()).asLongStream().toArray();
            module.register_buffer(name(graph.variables().get(variable.getKey())), Tensor.create(array.toFloats(), dims).to(type));
        }
        module.define(source(graph));
        module.eval();
        return Optional.of(module);
    }

    private static String source(Graph graph) {
        String inputs = graph.inputs().values().stream().map(TorchScript::name).collect(Collectors.joining(", "));
        String lines = graph.nodes().stream().filter(LibtorchCall::computes)
            .map(node -> "    " + name(node.output(0)) + " = " + line(node) + "\n").collect(Collectors.joining());
        return "def forward(self, " + inputs + "):\n" + lines + "    return " + name(graph.outputs().values().iterator().next()) + "\n";
    }

    private static String name(Value value) {
        return "v" + value.node().id();
    }

    private static String use(Value value) {
        return (Graph.isVariable(value) ? "self." : "") + name(value);
    }

    private static String call(String function, List<Value> operands, Object... constants) {
        return function + operands.stream().map(TorchScript::use).collect(Collectors.joining(", ", "(", ", "))
            + Arrays.stream(constants).map(Object::toString).collect(Collectors.joining(", ")) + ")";
    }

    private static String sizes(Extent e) {
        return "[" + e.t() + ", " + e.h() + ", " + e.w() + "]";
    }

    /** What computes the node; null where there is nothing for it. */
    private static String line(Node node) {
        Op op = node.op();
        List<Value> in = node.inputs();
        if (op instanceof Conv3d conv) {
            return call("torch.conv3d", in, "None", sizes(conv.stride()), sizes(conv.padding()), ONES, 1);
        } else if (op instanceof BatchNormInference norm) {
            return call("torch.batch_norm", in, "False", 0.1, norm.epsilon(), "False");
        } else if (op instanceof Relu) {
            return "torch.relu(" + use(in.get(0)) + ")";
        } else if (op instanceof Add) {
            return use(in.get(0)) + " + " + use(in.get(1));
        } else if (op instanceof MaxPool3d pool) {
            Window window = pool.window();
            return call("torch.max_pool3d", in, sizes(window.kernel()), sizes(window.stride()), sizes(window.padding()), ONES, "False");
        } else if (op instanceof GlobalAveragePool3d) {
            return call("torch.mean", in, "[2, 3, 4]", "False");
        } else if (op instanceof Linear linear && linear.activation() == Linear.Activation.NONE) {
            return "torch.linear(" + in.stream().map(TorchScript::use).collect(Collectors.joining(", ")) + ")";
        } else if (op instanceof LayerNorm norm) {
            return call("torch.layer_norm", in.subList(0, 1), "[" + in.get(0).shape().last() + "]", use(in.get(1)), use(in.get(2)),
                norm.epsilon(), "False");
        } else if (op instanceof Slice slice) {
            return call("torch.narrow", in, slice.axis(), slice.start(), slice.length());
        }
        return op instanceof Attention attention && attention.dropout() == 0 ? attention(attention, in) : null;
    }

    /** Heads as an axis of their own; the mask, 1 at keys that must not be attended to, as truth values of those that are. */
    private static String attention(Attention op, List<Value> in) {
        String[] split = new String[3];
        for (int i = 0; i < split.length; i++) {
            Shape shape = in.get(i).shape();
            split[i] = use(in.get(i)) + ".view([" + shape.dim(0) + ", " + shape.dim(1) + ", " + op.heads() + ", " + shape.dim(2) / op.heads()
                + "]).transpose(1, 2)";
        }
        Shape keys = in.get(1).shape();
        String mask = op.masked() ? "torch.eq(" + use(in.get(3)) + ", 0).view([" + keys.dim(0) + ", 1, 1, " + keys.dim(1) + "])" : "None";
        Shape y = in.get(0).shape();
        return "torch.scaled_dot_product_attention(" + String.join(", ", split) + ", " + mask + ", 0.0, " + (op.causal() ? "True" : "False")
            + ").transpose(1, 2).reshape([" + y.dim(0) + ", " + y.dim(1) + ", " + y.dim(2) + "])";
    }
}
