package dev.kinema.device.cpu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;

/** A oneDNN primitive being given its arguments. Scratch memory is ours, so that it is planned and nothing is allocated when it runs. */
final class Primitive {
    private final Lowering lowering;
    private final primitive primitive;
    private final String implementation;
    private final List<Argument> arguments = new ArrayList<>();
    private final List<Buffer> read = new ArrayList<>();

    /** @param layout how the primitive sees the buffer */
    private record Argument(int index, Buffer buffer, memory.desc layout, boolean written) {}

    Primitive(Lowering lowering, primitive_desc_base desc, primitive primitive) {
        this.lowering = lowering;
        this.primitive = lowering.keep(primitive);
        this.implementation = implementation(desc);
        long scratch = desc.scratchpad_desc().get_size();
        if (scratch > 0) {
            Buffer buffer = lowering.scratch(scratch, "scratch");
            arguments.add(new Argument(dnnl.DNNL_ARG_SCRATCHPAD, buffer, desc.scratchpad_desc(), true));
        }
    }

    /** Attributes every primitive of ours is made with. */
    static primitive_attr attributes() {
        primitive_attr attributes = new primitive_attr();
        attributes.set_scratchpad_mode(dnnl.dnnl_scratchpad_mode_user);
        return attributes;
    }

    /** The kernel oneDNN chose; one with "ref" in its name is a slow fallback. */
    static String implementation(primitive_desc_base desc) {
        try (BytePointer name = desc.impl_info_str()) {
            return name.getString();
        }
    }

    static boolean isReference(primitive_desc_base desc) {
        return implementation(desc).startsWith("ref");
    }

    Primitive read(int index, Buffer buffer, memory.desc layout) {
        arguments.add(new Argument(index, buffer, layout, false));
        return this;
    }

    Primitive write(int index, Buffer buffer, memory.desc layout) {
        arguments.add(new Argument(index, buffer, layout, true));
        return this;
    }

    /** The buffer is read without being an argument of its own: what a sum in place adds to. */
    Primitive after(Buffer buffer) {
        read.add(buffer);
        return this;
    }

    /** Appends the step. */
    void add(String what) {
        List<Buffer> reads = new ArrayList<>(read);
        arguments.stream().filter(a -> !a.written()).forEach(a -> reads.add(a.buffer()));
        List<Buffer> writes = arguments.stream().filter(Argument::written).map(Argument::buffer).toList();
        lowering.step(what + " [" + implementation + "]", reads, writes, this::bind);
    }

    private Runnable bind(CpuProgram program) {
        IntMemoryMap map = program.own(new IntMemoryMap());
        for (Argument a : arguments) {
            long address = a.buffer().storage().address();
            memory view = program.own(new memory(a.layout(), program.engine(), Memory.at(address, a.layout().get_size())));
            map.put(a.index(), view);
        }
        stream stream = program.stream();
        return () -> primitive.execute(stream, map);
    }
}
