package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;

/**
 * A matrix product inside a composite step (attention, InfoNCE, Winograd's convolutions): c = a b in float32, with what may be done to it,
 * over strided operands, to be bound to any number of addresses.
 */
final class Gemm {
    private final UnboundPrimitive primitive;
    private final memory.desc right;
    private final boolean biased;
    private final boolean reference;

    /** The three operands as oneDNN sees them, equal in rank, and whether the product is added to what c holds. */
    Gemm(Lowering l, memory.desc a, memory.desc b, memory.desc c, boolean accumulate) {
        this(l, a, b, null, c, accumulate ? accumulating() : Primitive.attributes());
    }

    /**
     * A product with a bias and attributes.
     *
     * @param b may be of any layout: then oneDNN's choice is {@link #right}
     * @param bias of the rank of c; null for none
     */
    Gemm(Lowering l, memory.desc a, memory.desc b, memory.desc bias, memory.desc c, primitive_attr attributes) {
        matmul.primitive_desc desc = bias == null ? new matmul.primitive_desc(l.engine(), a, b, c, attributes, false)
            : new matmul.primitive_desc(l.engine(), a, b, bias, c, attributes, false);
        right = desc.weights_desc();
        biased = bias != null;
        reference = Primitive.isReference(desc);
        primitive = new UnboundPrimitive(l, desc, new matmul(desc)).with(dnnl.DNNL_ARG_SRC, a).with(dnnl.DNNL_ARG_WEIGHTS, right)
            .with(dnnl.DNNL_ARG_DST, c);
        if (biased) {
            primitive.with(dnnl.DNNL_ARG_BIAS, bias);
        }
    }

    private static primitive_attr accumulating() {
        primitive_attr attributes = Primitive.attributes();
        post_ops ops = new post_ops();
        ops.append_sum();
        attributes.set_post_ops(ops);
        return attributes;
    }

    /** c [m, n] = a [m, k] b [k, n] of float32, row by row; a transposed operand is stored as its transpose. */
    static Gemm of(Lowering l, int m, int n, int k, boolean transposeA, boolean transposeB, boolean accumulate) {
        return of(l, DType.F32, m, n, k, transposeA, transposeB, accumulate);
    }

    /** The same with a and b of some type. */
    static Gemm of(Lowering l, DType operands, int m, int n, int k, boolean transposeA, boolean transposeB, boolean accumulate) {
        return new Gemm(l, transposeA ? Layouts.transposed(m, k, operands) : Layouts.matrix(m, k, operands),
            transposeB ? Layouts.transposed(k, n, operands) : Layouts.matrix(k, n, operands), Layouts.matrix(m, n, DType.F32), accumulate);
    }

    /** Scratch memory to be listed among what the step writes; null where there is none. */
    Buffer scratch() {
        return primitive.scratch();
    }

    /** The right operand's layout. */
    memory.desc right() {
        return right;
    }

    /** The kernel oneDNN chose. */
    String implementation() {
        return primitive.implementation();
    }

    /** Whether oneDNN has only its slow fallback for such operands. */
    boolean isReference() {
        return reference;
    }

    /** Gives back what no step uses. */
    void discard(Lowering l) {
        primitive.discard(l);
    }

    Runnable bind(CpuProgram program, long addressA, long addressB, long addressC) {
        return primitive.bind(program, addressA, addressB, addressC);
    }

    /** @param addressBias of no meaning where there is none */
    Runnable bind(CpuProgram program, long addressA, long addressB, long addressBias, long addressC) {
        return biased ? primitive.bind(program, addressA, addressB, addressC, addressBias) : bind(program, addressA, addressB, addressC);
    }
}
