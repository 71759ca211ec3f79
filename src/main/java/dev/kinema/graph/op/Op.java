package dev.kinema.graph.op;

import dev.kinema.KinemaException;
import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * What a node does: shape rule, gradient rule, arithmetic and bytes. An operation is a record of its constants and holds no data; its
 * meaning is what the reference device computes.
 *
 * <p>To add one: its record here, one lowering per device, one conformance case.
 */
public sealed interface Op permits
    Adam, Add, Assign, Attention, AttentionGradient, AveragePool3d, AveragePool3dGradient, BatchNorm, BatchNormGradient,
    BatchNormInference, BinaryCrossEntropy, BinaryCrossEntropyGradient, Broadcast, ClipFactor, Concat, Conv3d,
    Conv3dInputGradient, Conv3dWeightGradient, Dropout, Ema, Fill, FoldBatchNorm, FusedConv3d, Gather, Gelu, GeluGradient,
    GlobalAveragePool3d, GlobalNorm, InBatchInfoNce, InBatchInfoNceGradient, Increment, InfoNce, InfoNceGradient, Input,
    L2Normalize, L2NormalizeGradient, Lars, LayerNorm, LayerNormGradient, Linear, MatMul, MaxPool3d, MaxPool3dGradient,
    MeanSquaredError, Mul, NormalizeFrames, Pad, Reduce, Relu, ReluGradient, Reshape, RingEnqueue, Scale, ScatterAdd,
    Select, Sgd, Sigmoid, Slice, Softmax, SoftmaxCrossEntropy, SoftmaxCrossEntropyGradient, SoftmaxGradient, StopGradient,
    Transpose, Variable {

    /**
     * Types of the outputs for inputs of the given types.
     *
     * @throws dev.kinema.KinemaException if they do not fit, naming the operation and the types
     */
    List<Type> infer(List<Type> in);

    /**
     * Appends the nodes that carry the gradient of the first output back to the inputs.
     *
     * @return one value per input, null where it gets none
     */
    default Value[] gradient(Backward b) {
        throw new KinemaException(opName() + " has no gradient: " + (writes().length > 0 ? "it updates a variable"
            : "it is itself part of a backward or fused pass, or its input is not differentiable") + "; stop the gradient before it");
    }

    /** Indices of the inputs that are variables and are overwritten; output i is the new version of input {@code writes()[i]}. */
    default int[] writes() {
        return new int[0];
    }

    /** Arithmetic of one run, a multiply-add counted as two; by default one per element of the first output. */
    default long flops(List<Type> in, List<Type> out) {
        return out.get(0).shape().elements();
    }

    /** Bytes of all inputs and outputs, each counted once. */
    default long bytes(List<Type> in, List<Type> out) {
        return in.stream().mapToLong(Type::bytes).sum() + out.stream().mapToLong(Type::bytes).sum();
    }

    /** The operation as errors and profiles call it. */
    default String opName() {
        return getClass().getSimpleName();
    }
}
