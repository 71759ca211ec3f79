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
 * A float32 matrix product inside a composite step (attention, InfoNCE): c = a b or c += a b over strided operands, to be bound to any
 * number of addresses.
 */
final class Gemm {
    private final memory.desc a;
    private final memory.desc b;
    private final memory.desc c;
    private final matmul primitive;
    private final Buffer scratch;
    private final memory.desc scratchForm;

    /** The three operands as oneDNN sees them, equal in rank, and whether the product is added to what c holds. */
    Gemm(Lowering l, memory.desc a, memory.desc b, memory.desc c, boolean accumulate) {
        this.a = a;
        this.b = b;
        this.c = c;
        primitive_attr attributes = Primitive.attributes();
        if (accumulate) {
            post_ops ops = new post_ops();
            ops.append_sum();
            attributes.set_post_ops(ops);
        }
        matmul.primitive_desc desc = new matmul.primitive_desc(l.engine(), a, b, c, attributes, false);
        primitive = l.keep(new matmul(desc));
        scratchForm = desc.scratchpad_desc();
        scratch = scratchForm.get_size() == 0 ? null : l.scratch(scratchForm.get_size(), "scratch");
    }

    /** c [m, n] = a [m, k] b [k, n], row by row; a transposed operand is stored as its transpose. */
    static Gemm of(Lowering l, int m, int n, int k, boolean transposeA, boolean transposeB, boolean accumulate) {
        return new Gemm(l, transposeA ? Layouts.transposed(m, k, DType.F32) : Layouts.matrix(m, k, DType.F32),
            transposeB ? Layouts.transposed(k, n, DType.F32) : Layouts.matrix(k, n, DType.F32), Layouts.matrix(m, n, DType.F32), accumulate);
    }

    /** Scratch memory to be listed among what the step writes; null where there is none. */
    Buffer scratch() {
        return scratch;
    }

    Runnable bind(CpuProgram program, long addressA, long addressB, long addressC) {
        IntMemoryMap map = program.own(new IntMemoryMap());
        map.put(dnnl.DNNL_ARG_SRC, view(program, a, addressA));
        map.put(dnnl.DNNL_ARG_WEIGHTS, view(program, b, addressB));
        map.put(dnnl.DNNL_ARG_DST, view(program, c, addressC));
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
