package dev.kinema.device.cpu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.javacpp.BytePointer;

/** A oneDNN primitive that is a step of its own, being given its arguments. */
final class Primitive {
    private final Lowering lowering;
    private final UnboundPrimitive primitive;
    private final List<Buffer> arguments = new ArrayList<>();
    private final List<Buffer> read = new ArrayList<>();
    private final List<Buffer> written = new ArrayList<>();

    Primitive(Lowering lowering, primitive_desc_base desc, primitive primitive) {
        this.lowering = lowering;
        this.primitive = new UnboundPrimitive(lowering, desc, primitive);
        if (this.primitive.scratch() != null) {
            written.add(this.primitive.scratch());
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
        read.add(buffer);
        return argument(index, buffer, layout);
    }

    Primitive write(int index, Buffer buffer, memory.desc layout) {
        written.add(buffer);
        return argument(index, buffer, layout);
    }

    private Primitive argument(int index, Buffer buffer, memory.desc layout) {
        arguments.add(buffer);
        primitive.with(index, layout);
        return this;
    }

    /** The buffer is read without being an argument of its own: what a sum in place adds to. */
    Primitive after(Buffer buffer) {
        read.add(buffer);
        return this;
    }

    /** Appends the step. */
    void add(String what) {
        lowering.step(what + " [" + primitive.implementation() + "]", read, written,
            p -> primitive.bind(p, arguments.stream().mapToLong(buffer -> buffer.storage().address()).toArray()));
    }
}
