package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Subject;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.GlobalAveragePool3d;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.Variable;
import dev.kinema.graph.op.Window;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Optional;

/**
 * One of our graphs as an ONNX model (onnx.ai, "Open Neural Network Exchange Intermediate Representation"; field numbers of onnx.proto3),
 * its weights inside. Video is [N, C, T, H, W] there. Batch norms stay nodes of their own: engines fold them when they load the model.
 */
final class OnnxModel {
    private static final int IR_VERSION = 8;
    /** The first set of operators with LayerNormalization. */
    private static final int OPSET = 17;
    /** Operators that ONNX Runtime has beyond the standard's. */
    private static final String CONTRIBUTED = "com.microsoft";
    private static final int FLOAT = 1;
    private static final int INT32 = 6;
    private static final int INT64 = 7;
    private static final int ATTRIBUTE_FLOAT = 1;
    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_INTS = 7;

    private final Subject subject;
    private final Protobuf body = new Protobuf();

    private OnnxModel(Subject subject) {
        this.subject = subject;
    }

    /** The model's file; empty where the graph has an operation that is not written. */
    static Optional<byte[]> of(Subject subject) {
        if (!subject.graph().nodes().stream().allMatch(OnnxModel::isWritten)) {
            return Optional.empty();
        }
        return Optional.of(new OnnxModel(subject).write());
    }

    /** Variables that are not floats, batch norm's counters, are read by nothing. */
    private static boolean isWritten(Node node) {
        Op op = node.op();
        boolean linear = op instanceof Linear layer && layer.activation() == Linear.Activation.NONE;
        boolean attention = op instanceof Attention a && !a.causal() && a.dropout() == 0;
        return linear || attention || op instanceof Slice || op instanceof Input || op instanceof Variable || op instanceof Conv3d || op instanceof BatchNormInference
            || op instanceof Relu || op instanceof Add || op instanceof MaxPool3d || op instanceof GlobalAveragePool3d
            || op instanceof LayerNorm;
    }

    private byte[] write() {
        Graph graph = subject.graph();
        graph.nodes().forEach(this::add);
        body.put(2, "kinema");
        for (Map.Entry<String, HostArray> variable : subject.variables().entrySet()) {
            body.put(5, tensor(name(graph.variables().get(variable.getKey())), variable.getValue()));
        }
        graph.inputs().values().forEach(value -> body.put(11, declared(value)));
        graph.outputs().values().forEach(value -> body.put(12, declared(value)));
        Protobuf operators = new Protobuf().put(1, "").put(2, OPSET);
        Protobuf contributed = new Protobuf().put(1, CONTRIBUTED).put(2, 1);
        return new Protobuf().put(1, IR_VERSION).put(2, "kinema").put(7, body).put(8, operators).put(8, contributed).toBytes();
    }

    /** What a value is called in the model. */
    static String name(Value value) {
        return "v" + value.node().id() + (value.index() == 0 ? "" : "_" + value.index());
    }

    private static Protobuf tensor(String name, HostArray array) {
        Protobuf tensor = new Protobuf();
        for (int dim : array.shape().dims()) {
            tensor.put(1, dim);
        }
        ByteBuffer raw = ByteBuffer.allocate(array.elements() * DType.F32.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(array.toFloats());
        return tensor.put(2, FLOAT).put(8, name).put(9, raw.array());
    }

    /** Masks of bytes are integers there. */
    private static Protobuf declared(Value value) {
        Protobuf dims = new Protobuf();
        for (long dim : VideoLayout.channelsFirst(value.shape())) {
            dims.put(1, new Protobuf().put(1, dim));
        }
        Protobuf tensor = new Protobuf().put(1, value.dtype() == DType.U8 ? INT32 : FLOAT).put(2, dims);
        return new Protobuf().put(1, name(value)).put(2, new Protobuf().put(1, tensor));
    }

    private void add(Node node) {
        Op op = node.op();
        if (op instanceof Conv3d conv) {
            put(node, "Conv", ints("strides", conv.stride()), pads(conv.padding()));
        } else if (op instanceof BatchNormInference norm) {
            put(node, "BatchNormalization", number("epsilon", norm.epsilon()));
        } else if (op instanceof MaxPool3d pool) {
            Window window = pool.window();
            put(node, "MaxPool", ints("kernel_shape", window.kernel()), ints("strides", window.stride()), pads(window.padding()));
        } else if (op instanceof GlobalAveragePool3d) {
            String pooled = name(node.output(0)) + "_map";
            body.put(1, new Protobuf().put(1, name(node.input(0))).put(2, pooled).put(4, "GlobalAveragePool"));
            body.put(1, new Protobuf().put(1, pooled).put(2, name(node.output(0))).put(4, "Flatten"));
        } else if (op instanceof Linear) {
            addLinear(node);
        } else if (op instanceof Attention attention) {
            addAttention(node, attention);
        } else if (op instanceof Slice slice) {
            addSlice(node, slice);
        } else if (op instanceof LayerNorm norm) {
            put(node, "LayerNormalization", number("epsilon", norm.epsilon()));
        } else if (op instanceof Relu || op instanceof Add) {
            put(node, op.opName());
        }
    }

    /** Of rows a product of matrices; of sequences as exporters write it, with the weight transposed, which engines do when they load it. */
    private void addLinear(Node node) {
        if (node.input(0).shape().rank() == 2) {
            put(node, "Gemm", integer("transB", 1));
            return;
        }
        String y = name(node.output(0));
        String transposed = y + "_weight";
        String product = node.inputs().size() > 2 ? y + "_product" : y;
        body.put(1, new Protobuf().put(1, name(node.input(1))).put(2, transposed).put(4, "Transpose"));
        body.put(1, new Protobuf().put(1, name(node.input(0))).put(1, transposed).put(2, product).put(4, "MatMul"));
        if (node.inputs().size() > 2) {
            body.put(1, new Protobuf().put(1, product).put(1, name(node.input(2))).put(2, y).put(4, "Add"));
        }
    }

    /** As ONNX Runtime's optimizer of Transformers makes it; the mask is 1 at keys that are attended to. */
    private void addAttention(Node node, Attention op) {
        Protobuf message = new Protobuf();
        node.inputs().subList(0, 3).forEach(value -> message.put(1, name(value)));
        if (op.masked()) {
            message.put(1, "").put(1, name(node.input(3))); // without a bias
        }
        body.put(1, message.put(2, name(node.output(0))).put(4, "MultiHeadAttention").put(5, integer("num_heads", op.heads()))
            .put(7, CONTRIBUTED));
    }

    private void addSlice(Node node, Slice op) {
        String y = name(node.output(0));
        Protobuf message = new Protobuf().put(1, name(node.input(0)));
        int[] operands = {op.start(), op.start() + op.length(), op.axis()};
        for (int i = 0; i < operands.length; i++) {
            byte[] raw = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(operands[i]).array();
            body.put(5, new Protobuf().put(1, 1).put(2, INT64).put(8, y + "_operand" + i).put(9, raw));
            message.put(1, y + "_operand" + i);
        }
        body.put(1, message.put(2, y).put(4, "Slice"));
    }

    private static Protobuf integer(String name, long value) {
        return new Protobuf().put(1, name).put(3, value).put(20, ATTRIBUTE_INT);
    }

    /** A node with our inputs in our order, which is ONNX's for all of these, and our first output. */
    private void put(Node node, String operator, Protobuf... attributes) {
        Protobuf message = new Protobuf();
        node.inputs().forEach(value -> message.put(1, name(value)));
        message.put(2, name(node.output(0))).put(4, operator);
        for (Protobuf attribute : attributes) {
            message.put(5, attribute);
        }
        body.put(1, message);
    }

    private static Protobuf number(String name, double value) {
        return new Protobuf().put(1, name).put(2, (float) value).put(20, ATTRIBUTE_FLOAT);
    }

    private static Protobuf ints(String name, Extent e) {
        return new Protobuf().put(1, name).put(8, e.t()).put(8, e.h()).put(8, e.w()).put(20, ATTRIBUTE_INTS);
    }

    /** At the beginning of each axis, then at the end of each. */
    private static Protobuf pads(Extent e) {
        return new Protobuf().put(1, "pads").put(8, e.t()).put(8, e.h()).put(8, e.w()).put(8, e.t()).put(8, e.h()).put(8, e.w())
            .put(20, ATTRIBUTE_INTS);
    }
}
