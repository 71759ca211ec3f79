package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.device.Quantization;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.reorder;

/**
 * Convolutions in 8-bit integers by oneDNN: an activation is an unsigned byte times its range / 255, a picture's number a signed byte times
 * the largest / 127, a weight a signed byte times the largest of its output channel / 127; sums are 32-bit integers. A value that only such
 * convolutions read is stored as bytes; any other, as what residual branches are added to, in the type that the rest computes in, and made
 * bytes of where it is read. All who read a value agree on what a step of it is worth (Quantization.requireOneRangePerInput).
 */
final class QuantizedConvolutions {
    private final Lowering l;
    private final Node node;
    private final Convolutions.Geometry geometry;
    private final boolean bias;
    private final DType bytes;

    private QuantizedConvolutions(Lowering l, Node node, Convolutions.Geometry geometry) {
        this.l = l;
        this.node = node;
        this.geometry = geometry;
        this.bias = node.inputs().size() > 2;
        this.bytes = Quantization.isPicture(node.input(0)) ? DType.I8 : DType.U8;
    }

    /** Whether the program computes the node in 8-bit integers. */
    static boolean covers(Lowering l, Node node) {
        return l.quantizes() && Quantization.weight(node).isPresent();
    }

    static void forward(Lowering l, Node node, Convolutions.Geometry geometry, boolean relu, boolean residual) {
        new QuantizedConvolutions(l, node, geometry).lower(relu, residual);
    }

    private void lower(boolean relu, boolean residual) {
        Value x = node.input(0);
        Value y = node.output(0);
        Value added = residual ? node.input(3) : null;
        boolean inPlace = residual && l.of(added).dtype() == l.compute() && l.dies(added);
        boolean toBytes = !residual && relu && isReadAsBytes(l, y);
        memory.desc addedDesc = residual ? l.of(added).video() : null;
        memory.desc target = toBytes ? Layouts.videoAny(y.shape(), DType.U8)
            : inPlace ? l.of(added).video() : Layouts.videoAny(y.shape(), l.compute());
        primitive_attr attributes = Convolutions.attributes(relu, addedDesc, inPlace);
        attributes.set_scales_mask(dnnl.DNNL_ARG_SRC, 0);
        attributes.set_scales_mask(dnnl.DNNL_ARG_WEIGHTS, 1);
        if (toBytes) {
            attributes.set_scales_mask(dnnl.DNNL_ARG_DST, 0);
        }
        convolution_forward.primitive_desc desc = describe(target, attributes);
        Primitive primitive = new Primitive(l, desc, new convolution_forward(desc));
        readOperands(primitive, desc);
        Buffer out;
        if (toBytes) {
            out = l.defineBytes(y, DType.U8, desc.dst_desc());
            primitive.read(scales(dnnl.DNNL_ARG_DST), step(l.soleReaders(y).get(0)), Layouts.flat(1, DType.F32));
        } else if (inPlace) {
            out = l.overwrite(added, y);
            primitive.after(out);
        } else {
            out = l.define(y, l.compute(), desc.dst_desc());
            if (residual) {
                primitive.read(dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | dnnl.DNNL_ARG_SRC_1, l.of(added), addedDesc);
            }
        }
        primitive.write(dnnl.DNNL_ARG_DST, out, desc.dst_desc())
            .add("int8 conv" + (bias ? "+bias" : "") + (residual ? inPlace ? "+sum" : "+add" : "") + (relu ? "+relu" : ""));
    }

    /** Whether only convolutions in 8-bit integers read the value, as what they convolve. */
    static boolean isReadAsBytes(Lowering l, Value value) {
        List<Node> readers = l.soleReaders(value);
        return !readers.isEmpty() && readers.stream().allMatch(n -> covers(l, n) && n.inputs().stream().filter(value::equals).count() == 1
            && n.input(0).equals(value));
    }

    /** With the input as it lies, where oneDNN has a fast kernel for that, else as it likes it. */
    private convolution_forward.primitive_desc describe(memory.desc target, primitive_attr attributes) {
        Shape x = node.input(0).shape();
        Buffer stored = l.bytesOf(node.input(0));
        memory.desc filter = Layouts.filterAny(geometry.weight(), DType.I8);
        memory.desc any = Layouts.videoAny(x, bytes);
        convolution_forward.primitive_desc desc = geometry.forward(l, stored == null ? any : stored.layout(), filter, target, bias, attributes);
        return stored != null && Primitive.isReference(desc) ? geometry.forward(l, any, filter, target, bias, attributes) : desc;
    }

    private void readOperands(Primitive primitive, convolution_forward.primitive_desc desc) {
        memory.desc one = Layouts.flat(1, DType.F32);
        Shape weight = geometry.weight();
        Buffer steps = Buffer.plain(planned("weight steps", 4L * weight.dim(0)), Shape.of(weight.dim(0)), DType.F32);
        Buffer filter = filter(desc.weights_desc(), steps);
        primitive.read(dnnl.DNNL_ARG_SRC, input(desc.src_desc()), desc.src_desc()).read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc())
            .read(scales(dnnl.DNNL_ARG_SRC), step(node), one).read(scales(dnnl.DNNL_ARG_WEIGHTS), steps, steps.flat());
        if (bias) {
            Buffer b = l.plain(node.input(2));
            primitive.read(dnnl.DNNL_ARG_BIAS, b, b.flat());
        }
    }

    private static int scales(int argument) {
        return dnnl.DNNL_ARG_ATTR_SCALES | argument;
    }

    private static Storage planned(String name, long bytes) {
        return new Storage(name, bytes, Storage.Home.PLANNED);
    }

    /** What one step of a convolution's input is worth. */
    private Buffer step(Node reader) {
        float step = (float) Quantization.step(reader, l.ranges());
        Buffer buffer = Buffer.plain(planned("step", 4), Shape.of(1), DType.F32);
        l.step("step", List.of(), List.of(buffer), p -> {
            FloatBuffer out = buffer.floats();
            return () -> out.put(0, step);
        });
        return buffer;
    }

    /** The input as bytes in a layout. */
    private Buffer input(memory.desc wanted) {
        Value x = node.input(0);
        Buffer stored = l.bytesOf(x);
        if (stored != null && stored.layout().equals(wanted)) {
            return stored;
        }
        primitive_attr attributes = Primitive.attributes();
        Buffer source = stored != null ? stored : l.of(x);
        if (stored == null) {
            attributes.set_scales_mask(dnnl.DNNL_ARG_TO, 0);
        }
        memory.desc from = source.video();
        reorder.primitive_desc desc = new reorder.primitive_desc(l.engine(), from, l.engine(), wanted, attributes, false);
        Primitive primitive = new Primitive(l, desc, new reorder(desc)).read(dnnl.DNNL_ARG_FROM, source, from);
        if (stored == null) {
            primitive.read(scales(dnnl.DNNL_ARG_TO), step(node), Layouts.flat(1, DType.F32));
        }
        Buffer made = l.defineBytes(x, bytes, wanted);
        primitive.write(dnnl.DNNL_ARG_TO, made, wanted).add("reorder " + (bytes == DType.U8 ? "u8" : "s8"));
        return made;
    }

    /** The weights as bytes in a layout, made once per change of the weights; {@code steps} is written too. */
    private Buffer filter(memory.desc wanted, Buffer steps) {
        Shape shape = geometry.weight();
        Buffer plain = l.plain(node.input(1));
        String name = Quantization.weight(node).orElseThrow();
        Buffer rounded = Buffer.plain(planned("rounded filter", shape.elements()), shape, DType.I8);
        int row = plain.elements() / shape.dim(0);
        l.step("round filter", List.of(plain), List.of(rounded, steps), p -> {
            FloatBuffer in = plain.floats();
            ByteBuffer out = rounded.bytes();
            FloatBuffer step = steps.floats();
            return () -> {
                for (int o = 0; o < shape.dim(0); o++) {
                    step.put(o, round(in, out, o * row, row, name));
                }
            };
        });
        Buffer packed = new Buffer(planned("filter", wanted.get_size()), shape, DType.I8, wanted);
        l.reorder(rounded, Layouts.filter(shape, DType.I8), packed, wanted, "filter");
        return packed;
    }

    /**
     * Rounds an output channel's weights, and returns what a step of them is worth.
     *
     * @throws KinemaException if one is no finite number: a byte would hide it
     */
    private static float round(FloatBuffer in, ByteBuffer out, int from, int count, String name) {
        float largest = 0;
        for (int i = from; i < from + count; i++) {
            if (!Float.isFinite(in.get(i))) {
                throw new KinemaException("the weight " + name + " has a " + in.get(i) + " in output channel " + from / count + ", by itself"
                    + " or by the batch norm after it, and 8-bit integers have none: give weights that are finite");
            }
            largest = Math.max(largest, Math.abs(in.get(i)));
        }
        float step = largest > 0 ? largest / Quantization.SIGNED_LEVELS : 1;
        for (int i = from; i < from + count; i++) {
            out.put(i, (byte) Math.round(in.get(i) / step));
        }
        return step;
    }
}
