package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;

/** A row of float32 numbers rounded to another type inside a composite step, to be bound to any number of addresses. */
final class Conversion {
    private final memory.desc from;
    private final memory.desc to;
    private final reorder primitive;
    private final memory.desc scratchForm;
    private final Buffer scratch;

    Conversion(Lowering l, long elements, DType type) {
        from = Layouts.flat(elements, DType.F32);
        to = Layouts.flat(elements, type);
        reorder.primitive_desc desc = new reorder.primitive_desc(l.engine(), from, l.engine(), to, Primitive.attributes(), false);
        primitive = l.keep(new reorder(desc));
        scratchForm = desc.scratchpad_desc();
        scratch = scratchForm.get_size() == 0 ? null : l.scratch(scratchForm.get_size(), "scratch");
    }

    /** Scratch memory to be listed among what the step writes; null where there is none. */
    Buffer scratch() {
        return scratch;
    }

    Runnable bind(CpuProgram program, long addressFrom, long addressTo) {
        IntMemoryMap map = program.own(new IntMemoryMap());
        map.put(dnnl.DNNL_ARG_FROM, view(program, from, addressFrom));
        map.put(dnnl.DNNL_ARG_TO, view(program, to, addressTo));
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
