package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;

/**
 * A matrix product inside a composite step (attention, InfoNCE, Winograd's convolutions): c = a b in float32, with what may be done to it,
 * over strided operands, to be bound to any number of addresses.
 */
final class Gemm {
    private final memory.desc a;
    private final memory.desc b;
    private final memory.desc bias;
    private final memory.desc c;
    private final matmul primitive;
    private final String implementation;
    private final boolean reference;
    private final Buffer scratch;
    private final memory.desc scratchForm;

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
        this.a = a;
        this.bias = bias;
        this.c = c;
        matmul.primitive_desc desc = bias == null ? new matmul.primitive_desc(l.engine(), a, b, c, attributes, false)
            : new matmul.primitive_desc(l.engine(), a, b, bias, c, attributes, false);
        this.b = desc.weights_desc();
        implementation = Primitive.implementation(desc);
        reference = Primitive.isReference(desc);
        primitive = l.keep(new matmul(desc));
        scratchForm = desc.scratchpad_desc();
        scratch = scratchForm.get_size() == 0 ? null : l.scratch(scratchForm.get_size(), "scratch");
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
        return scratch;
    }

    /** The right operand's layout. */
    memory.desc right() {
        return b;
    }

    /** The kernel oneDNN chose. */
    String implementation() {
        return implementation;
    }

    /** Whether oneDNN has only its slow fallback for such operands. */
    boolean isReference() {
        return reference;
    }

    /** Gives back what no step uses. */
    void discard(Lowering l) {
        l.discard(primitive);
    }

    Runnable bind(CpuProgram program, long addressA, long addressB, long addressC) {
        return bind(program, addressA, addressB, 0, addressC);
    }

    /** @param addressBias of no meaning where there is none */
    Runnable bind(CpuProgram program, long addressA, long addressB, long addressBias, long addressC) {
        IntMemoryMap map = program.own(new IntMemoryMap());
        map.put(dnnl.DNNL_ARG_SRC, view(program, a, addressA));
        map.put(dnnl.DNNL_ARG_WEIGHTS, view(program, b, addressB));
        map.put(dnnl.DNNL_ARG_DST, view(program, c, addressC));
        if (bias != null) {
            map.put(dnnl.DNNL_ARG_BIAS, view(program, bias, addressBias));
        }
        if (scratch != null) {
            map.put(dnnl.DNNL_ARG_SCRATCHPAD, view(program, scratchForm, scratch.storage().address()));
        }
        stream stream = program.stream();
        return () -> primitive.execute(stream, map);
    }

    private static memory view(CpuProgram program, memory.desc form, long address) {
        return program.own(new memory(form, program.engine(), Memory.at(address, form.get_size())));
    }
}
