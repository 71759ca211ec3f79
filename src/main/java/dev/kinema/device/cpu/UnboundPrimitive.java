package dev.kinema.device.cpu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.stream;

/**
 * A oneDNN primitive without addresses, a step or a part of one, to be bound to any number of them. Scratch memory is ours, so that it is
 * planned and nothing is allocated when it runs.
 */
final class UnboundPrimitive {
    private final primitive primitive;
    private final String implementation;
    private final memory.desc scratchLayout;
    private final Buffer scratch;
    private final List<Argument> arguments = new ArrayList<>();

    private record Argument(int index, memory.desc layout) {
        void put(IntMemoryMap map, CpuProgram program, long address) {
            map.put(index, program.own(new memory(layout, program.engine(), Memory.at(address, layout.get_size()))));
        }
    }

    UnboundPrimitive(Lowering l, primitive_desc_base desc, primitive primitive) {
        this.primitive = l.keep(primitive);
        implementation = Primitive.implementation(desc);
        scratchLayout = desc.scratchpad_desc();
        scratch = scratchLayout.get_size() == 0 ? null : l.scratch(scratchLayout.get_size(), "scratch");
    }

    /** Appends an argument, and how the primitive sees it. */
    UnboundPrimitive with(int index, memory.desc layout) {
        arguments.add(new Argument(index, layout));
        return this;
    }

    /** Scratch memory to be listed among what the step writes; null where there is none. */
    Buffer scratch() {
        return scratch;
    }

    /** The kernel oneDNN chose. */
    String implementation() {
        return implementation;
    }

    /** Gives back what no step uses. */
    void discard(Lowering l) {
        l.discard(primitive);
    }

    /** @param addresses of the arguments, in their order */
    Runnable bind(CpuProgram program, long... addresses) {
        if (addresses.length != arguments.size()) {
            throw new IllegalArgumentException(addresses.length + " addresses for " + arguments.size() + " arguments: give one for each");
        }
        IntMemoryMap map = program.own(new IntMemoryMap());
        for (int i = 0; i < addresses.length; i++) {
            arguments.get(i).put(map, program, addresses[i]);
        }
        if (scratch != null) {
            new Argument(dnnl.DNNL_ARG_SCRATCHPAD, scratchLayout).put(map, program, scratch.storage().address());
        }
        stream stream = program.stream();
        return () -> primitive.execute(stream, map);
    }
}
