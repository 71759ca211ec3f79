package dev.kinema.benchmarks.peers;

import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A node as a call of libtorch's.
 *
 * @param result the value that it gives
 * @param dying values that nobody reads after it
 * @param extra a folded convolution's bias; for a convolution's gradient a tensor like what it is the gradient of; else null
 */
record LibtorchCall(Node node, Value result, Set<Value> dying, Tensor extra) {
    private static final long[] ONES = {1, 1, 1};
    private static final long[] NONE = {0, 0, 0};

    static boolean isKnown(Node node) {
        Op op = node.op();
        return !computes(node) || op instanceof Conv3d || op instanceof Conv3dInputGradient || op instanceof Conv3dWeightGradient
            || op instanceof BatchNormInference || op instanceof Relu || op instanceof Add || op instanceof MaxPool3d
            || op instanceof GlobalAveragePool3d || op instanceof LayerNorm
            || op instanceof Linear linear && linear.activation() == Linear.Activation.NONE
            || op instanceof Slice || op instanceof Attention attention && attention.dropout() == 0;
    }

    /** Whether a run has something to do for it. */
    static boolean computes(Node node) {
        return !(node.op() instanceof Input || node.op() instanceof Variable);
    }

    /**
     * The calls of nodes that compute, each of which frees what none after it reads.
     *
     * @param kept whether a value outlives the run
     */
    static List<LibtorchCall> inOrder(List<Node> nodes, Predicate<Value> kept) {
        Map<Value, Node> last = new HashMap<>();
        nodes.forEach(node -> node.inputs().forEach(value -> last.put(value, node)));
        last.keySet().removeIf(value -> kept.test(value) || !computes(value.node()));
        return nodes.stream().map(node -> new LibtorchCall(node, node.output(0),
            node.inputs().stream().filter(value -> last.get(value) == node).collect(Collectors.toSet()), null)).toList();
    }

    /** Computes, and frees what is dead then. */
    void run(Map<Value, Tensor> values) {
        List<Tensor> in = node.inputs().stream().map(values::get).toList();
        boolean inPlace = dying.contains(node.input(0));
        Tensor y = compute(in, inPlace);
        for (Value dead : dying) {
            Tensor tensor = values.remove(dead);
            if (tensor != y) {
                tensor.close();
            }
        }
        values.put(result, y);
    }

    private Tensor compute(List<Tensor> in, boolean inPlace) {
        Op op = node.op();
        Tensor x = in.get(0);
        if (op instanceof Conv3d conv) {
            return torch.conv3d(x, in.get(1), optional(extra), sizes(conv.stride()), sizes(conv.padding()), ONES, 1);
        } else if (op instanceof Conv3dInputGradient back) {
            return backward(x, extra, in.get(1), back.stride(), back.padding(), 0);
        } else if (op instanceof Conv3dWeightGradient back) {
            return backward(in.get(1), x, extra, back.stride(), back.padding(), 1);
        } else if (op instanceof BatchNormInference norm) {
            return torch.batch_norm(x, optional(in.get(1)), optional(in.get(2)), optional(in.get(3)), optional(in.get(4)), false, 0.1,
                norm.epsilon(), false);
        } else if (op instanceof Relu) {
            return inPlace ? same(x, x.relu_()) : x.relu();
        } else if (op instanceof Add) {
            // what is differentiated may still be needed as it was
            return inPlace && !x.requires_grad() ? same(x, x.add_(in.get(1))) : x.add(in.get(1));
        } else if (op instanceof MaxPool3d pool) {
            return torch.max_pool3d(x, sizes(pool.window().kernel()), sizes(pool.window().stride()), sizes(pool.window().padding()), ONES,
                false);
        } else if (op instanceof GlobalAveragePool3d) {
            return torch.mean(x, new long[] {2, 3, 4}, false, new ScalarTypeOptional());
        } else if (op instanceof Linear linear) {
            return torch.linear(x, in.get(1), linear.bias() ? optional(in.get(2)) : new TensorOptional());
        } else if (op instanceof LayerNorm norm) {
            return torch.layer_norm(x, new long[] {node.input(0).shape().last()}, optional(in.get(1)), optional(in.get(2)), norm.epsilon(),
                false);
        }
        if (op instanceof Slice slice) {
            return x.narrow(slice.axis(), slice.start(), slice.length());
        }
        return op instanceof Attention attention ? attention(attention, in) : LibtorchTraining.compute(node, in);
    }

    /** What an operation in place returns is another object for the same tensor, which would free it twice. */
    static Tensor same(Tensor tensor, Tensor returned) {
        if (returned != tensor) {
            returned.close();
        }
        return tensor;
    }

    private static TensorOptional optional(Tensor tensor) {
        return tensor == null ? new TensorOptional() : new TensorOptional(tensor);
    }

    /** @param wanted 0 for the gradient of the input, 1 for that of the weight */
    private static Tensor backward(Tensor dy, Tensor x, Tensor weight, Extent stride, Extent padding, int wanted) {
        try (BoolPointer mask = new BoolPointer(3)) {
            for (int i = 0; i < 3; i++) {
                mask.put(i, i == wanted);
            }
            T_TensorTensorTensor_T back = torch.convolution_backward(dy, x, weight, new LongArrayRefOptional(), sizes(stride),
                sizes(padding), ONES, false, NONE, 1, mask);
            // what the triple hands out lies in it, and would go with it
            return new Tensor(wanted == 0 ? back.get0() : back.get1());
        }
    }

    /** Heads become an axis of their own, without copying, as models in PyTorch do it. */
    private static Tensor attention(Attention op, List<Tensor> in) {
        Tensor[] split = new Tensor[3];
        for (int i = 0; i < split.length; i++) {
            Tensor t = in.get(i);
            split[i] = t.view(t.size(0), t.size(1), op.heads(), t.size(2) / op.heads()).transpose(1, 2);
        }
        Tensor mask = op.masked() ? in.get(3) : null;
        Tensor y = torch.scaled_dot_product_attention(split[0], split[1], split[2], optional(mask), 0, op.causal(),
            new DoubleOptional(), false);
        return y.transpose(1, 2).reshape(in.get(0).size(0), in.get(0).size(1), in.get(0).size(2));
    }

    private static long[] sizes(Extent e) {
        return new long[] {e.t(), e.h(), e.w()};
    }
}
