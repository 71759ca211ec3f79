package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.device.ActivationRanges;
import dev.kinema.device.Compilation;
import dev.kinema.device.Fusion;
import dev.kinema.device.Precision;
import dev.kinema.device.Quantization;
import dev.kinema.device.Schedule;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3dWeightGradient;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.javacpp.Pointer;

/**
 * Turns a graph into steps. Rules ask it for the buffers of a node's inputs in the form they need (reorders are added where a value is
 * stored otherwise, once per form), define buffers for its outputs, and append steps.
 */
final class Lowering {
    private final CpuDevice device;
    private final Graph graph;
    private final Graph unfused;
    private final CpuWeights weights;
    private final Compilation how;
    private final boolean training;
    private final Schedule schedule;
    private final Map<Value, Buffer> buffers = new HashMap<>();
    private final Map<Value, List<Buffer>> copies = new HashMap<>();
    private final Map<Value, Buffer> bytes = new HashMap<>();
    private final Hints hints = new Hints();
    private final Map<Node, Integer> position = new HashMap<>();
    private final Set<String> written = new HashSet<>();
    private final Map<String, Buffer> inputs = new LinkedHashMap<>();
    private final Map<Value, Buffer> results = new HashMap<>();
    private final List<Step> steps = new ArrayList<>();
    private final List<Pointer> natives = new ArrayList<>();
    private Node node;

    Lowering(CpuDevice device, Graph graph, CpuWeights weights, Compilation how) {
        this.device = device;
        this.unfused = graph;
        this.graph = how.fuse() ? Fusion.apply(graph) : graph;
        this.weights = weights;
        this.how = how;
        this.schedule = Schedule.of(this.graph);
        this.training = schedule.nodes().stream().anyMatch(n -> n.op() instanceof Conv3dWeightGradient);
        if (quantizes() && schedule.nodes().stream().anyMatch(n -> n.hasEffect() || n.op() instanceof Conv3dWeightGradient)) {
            throw new KinemaException("int8 is for inference, and this graph changes variables or computes gradients: compile it in bf16 or"
                + " fp32");
        }
        if (quantizes()) {
            Quantization.requireOneRangePerInput(this.graph, how.ranges());
        }
        for (Node n : schedule.nodes()) {
            position.put(n, position.size());
            for (int i : n.op().writes()) {
                written.add(Graph.variableOf(n.input(i)));
            }
        }
    }

    /** The program; what was made for it is given back if it cannot be made. */
    CpuProgram compile() {
        boolean complete = false;
        try {
            CpuProgram program = finish();
            complete = true;
            return program;
        } finally {
            if (!complete) {
                natives.forEach(Pointer::close);
            }
        }
    }

    private CpuProgram finish() {
        graph.inputs().forEach((name, value) -> inputs.put(name,
            Buffer.plain(new Storage(name, value.type().bytes(), Storage.Home.HELD), value.shape(), value.dtype())));
        for (Node n : schedule.nodes()) {
            node = n;
            if (n.op() instanceof Input input) {
                set(n.output(0), inputs.get(input.name()));
            } else if (n.op() instanceof Variable variable) {
                Storage storage = new Storage(variable.name(), variable.type().bytes(), Storage.Home.WEIGHTS);
                storage.constant = !written.contains(variable.name());
                storage.place(weights.address(variable.name()));
                set(n.output(0), Buffer.plain(storage, n.output(0).shape(), n.output(0).dtype()));
            } else {
                lower(n);
                // here and not at the end: what is a view of a variable may be overwritten by then
                n.outputs().stream().filter(graph.outputs()::containsValue).forEach(v -> results.put(v, output(v)));
            }
            if (how.checkFinite()) {
                FiniteSteps.append(this, n);
            }
        }
        graph.outputs().values().forEach(v -> results.computeIfAbsent(v, this::output));
        Map<String, Buffer> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, value) -> outputs.put(name, results.get(value)));
        return new CpuProgram(device, weights, preparation(), steps, natives, inputs, outputs, !written.isEmpty());
    }

    /** Programs that change weights know of their own changes only, and so share nothing. */
    private Preparation preparation() {
        if (written.isEmpty()) {
            return weights.shared(new Preparation.Key(device, unfused, how));
        }
        Preparation own = new Preparation();
        own.use();
        return own;
    }

    private void lower(Node n) {
        try {
            Rules.of(n.op()).lower(this, n);
        } catch (RuntimeException e) {
            throw at(n, e);
        }
    }

    /** What went wrong with the place where it did; oneDNN's own exceptions name neither. */
    static KinemaException at(Node node, RuntimeException e) {
        if (e instanceof KinemaException) {
            return new KinemaException(e.getMessage() + " (at " + node + ")", e);
        }
        return new KinemaException("the cpu device cannot compute " + node + " (" + e.getMessage() + "): set ONEDNN_VERBOSE=all to see"
            + " oneDNN's reason, or run this graph on the reference device", e);
    }

    /** Outputs are plain, in memory of their own that the planned block cannot overwrite, and written by every run. */
    private Buffer output(Value value) {
        node = value.node();
        Buffer buffer = plain(value);
        if (buffer.storage().home == Storage.Home.PLANNED && !buffer.storage().constant) {
            buffer.storage().home = Storage.Home.HELD;
            return buffer;
        }
        Buffer copy = Buffer.plain(new Storage("output", value.type().bytes(), Storage.Home.HELD), value.shape(), value.dtype());
        step("copy", List.of(buffer), List.of(copy), p -> {
            var from = buffer.bytes();
            var to = copy.bytes();
            return () -> to.put(0, from, 0, from.capacity());
        });
        return copy;
    }

    // ---- what rules know

    CpuDevice device() {
        return device;
    }

    engine engine() {
        return device.engine();
    }

    /**
     * Whether the graph computes gradients of convolutions: then blocked layouts pay, for which oneDNN has the faster float32 wgrad of
     * 1x1x1 and 3x1x1 kernels.
     */
    boolean training() {
        return training;
    }

    /** Type of video activations and of the operands of products. */
    DType compute() {
        return switch (how.precision()) {
            case FP32 -> DType.F32;
            case BF16 -> DType.BF16;
            case INT8 -> CpuDevice.hasBf16() ? DType.BF16 : DType.F32;
        };
    }

    Hints hints() {
        return hints;
    }

    /** Whether convolutions compute in 8-bit integers where they can. */
    boolean quantizes() {
        return how.precision() == Precision.INT8;
    }

    /** What is known of activations. */
    ActivationRanges ranges() {
        return how.ranges();
    }

    /** Whether a buffer holds what only weights determine, so that whatever is made of it is made once. */
    static boolean isConstant(Buffer buffer) {
        return buffer.storage().constant;
    }

    // ---- buffers

    /** The buffer of a value as it is stored. */
    Buffer of(Value value) {
        Buffer buffer = buffers.get(value);
        if (buffer == null) {
            throw new IllegalStateException("no buffer for " + value + ", read by " + node);
        }
        return buffer;
    }

    /** The value row by row, as it is typed (float32 where it may be stored in bf16). */
    Buffer plain(Value value) {
        return plain(value, value.dtype());
    }

    Buffer plain(Value value, DType dtype) {
        Buffer buffer = of(value);
        if (buffer.isPlain() && buffer.dtype() == dtype) {
            return buffer;
        }
        if (buffer.isPlain()) {
            return converted(value, dtype, null, Layouts.flat(value.shape().elements(), dtype), buffer.flat());
        }
        if (value.dtype() != DType.F32) {
            throw new KinemaException(value.node().op().opName() + " keeps " + value + " in the device's own form on cpu:"
                + " only its gradient operation can read it");
        }
        return converted(value, dtype, null, Layouts.video(value.shape(), dtype), buffer.video());
    }

    /** The video value in a given layout and type. */
    Buffer video(Value value, memory.desc wanted, DType dtype) {
        Buffer buffer = of(value);
        if (buffer.dtype() == dtype && buffer.video().equals(wanted)) {
            return buffer;
        }
        boolean plain = wanted.equals(Layouts.video(value.shape(), dtype));
        return converted(value, dtype, plain ? null : wanted, wanted, buffer.video());
    }

    /** A value in another form, made once. */
    private Buffer converted(Value value, DType dtype, memory.desc layout, memory.desc to, memory.desc from) {
        return copy(value, new Buffer(new Storage("%" + value.node().id() + "'", to.get_size(), Storage.Home.PLANNED), value.shape(), dtype,
            layout), from, to);
    }

    /** Some of a value's elements, in its type and a layout of their own, made once; {@code from} and {@code to} are how both lie. */
    Buffer part(Value value, Shape shape, memory.desc layout, memory.desc from, memory.desc to) {
        return copy(value, new Buffer(new Storage("%" + value.node().id() + "/", layout.get_size(), Storage.Home.PLANNED), shape,
            of(value).dtype(), layout), from, to);
    }

    /** The copy, or what was made before and is like it. */
    private Buffer copy(Value value, Buffer wanted, memory.desc from, memory.desc to) {
        List<Buffer> made = copies.computeIfAbsent(value, k -> new ArrayList<>());
        for (Buffer copy : made) {
            boolean same = wanted.isPlain() ? copy.isPlain() : !copy.isPlain() && copy.layout().equals(wanted.layout());
            if (copy.dtype() == wanted.dtype() && same) {
                return copy;
            }
        }
        reorder(of(value), from, wanted, to, wanted.dtype().toString().toLowerCase(java.util.Locale.ROOT));
        made.add(wanted);
        return wanted;
    }

    /** Appends a conversion of layout or type. */
    void reorder(Buffer source, memory.desc from, Buffer target, memory.desc to, String what) {
        reorder.primitive_desc desc = new reorder.primitive_desc(engine(), from, engine(), to, Primitive.attributes(), false);
        new Primitive(this, desc, new reorder(desc)).read(org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM, source, from)
            .write(org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO, target, to).add("reorder " + what);
    }

    /** New plain memory for a value, as it is typed. */
    Buffer define(Value value) {
        return define(value, value.dtype(), null, value.type().bytes());
    }

    /** New memory for a video value in a layout; a layout that is row by row counts as plain. */
    Buffer define(Value value, DType dtype, memory.desc layout) {
        return define(value, dtype, layout.equals(Layouts.video(value.shape(), dtype)) ? null : layout, layout.get_size());
    }

    Buffer define(Value value, DType dtype, memory.desc layout, long bytes) {
        Buffer buffer = new Buffer(new Storage("%" + value.node().id(), bytes, Storage.Home.PLANNED), value.shape(), dtype, layout);
        set(value, buffer);
        return buffer;
    }

    /** The value in 8-bit steps, where {@link #defineBytes} made it; null where nothing did. */
    Buffer bytesOf(Value value) {
        return bytes.get(value);
    }

    /** New memory for a video value in 8-bit steps, U8 or I8, beside or in place of that of {@link #of}. */
    Buffer defineBytes(Value value, DType dtype, memory.desc layout) {
        Buffer buffer = new Buffer(new Storage("%" + value.node().id() + "#", layout.get_size(), Storage.Home.PLANNED), value.shape(),
            dtype, layout);
        buffer.storage().values++;
        bytes.put(value, buffer);
        return buffer;
    }

    /** Lets a value live in a buffer that exists: a view, or an update in place. */
    void set(Value value, Buffer buffer) {
        buffers.put(value, buffer);
        buffer.storage().values++;
    }

    /** Lets {@code result} overwrite {@code dying}, which {@link #dies} allowed. */
    Buffer overwrite(Value dying, Value result) {
        Buffer old = of(dying);
        Buffer buffer = new Buffer(old.storage(), result.shape(), old.dtype(), old.layout());
        buffers.put(result, buffer);
        return buffer;
    }

    /**
     * Whether the memory of {@code value} may be overwritten by this node's result: the node is its last reader, it reads it once, and no
     * other value lives there.
     */
    boolean dies(Value value) {
        Buffer buffer = of(value);
        List<Node> readers = schedule.consumers(value);
        return buffer.storage().home == Storage.Home.PLANNED && !buffer.storage().constant && buffer.storage().values == 1
            && !graph.outputs().containsValue(value) && readers.stream().filter(n -> n == node).count() == 1
            && readers.stream().allMatch(n -> position.get(n) <= position.get(node));
    }

    /** The nodes that read the value; empty where it is an output or must be looked at, so that not only nodes read it. */
    List<Node> soleReaders(Value value) {
        return how.checkFinite() ? List.of() : readers(value);
    }

    /** The same where it is no matter that only what is made of the value can be looked at. */
    List<Node> readers(Value value) {
        return graph.outputs().containsValue(value) ? List.of() : schedule.consumers(value);
    }

    /** Whether anything reads the value. */
    boolean isRead(Value value) {
        return !schedule.consumers(value).isEmpty() || graph.outputs().containsValue(value);
    }

    /** Whether anything but operations of a kind reads the value, or it must be looked at. */
    boolean isReadBeside(Value value, Class<? extends Op> kind) {
        return how.checkFinite() || graph.outputs().containsValue(value)
            || schedule.consumers(value).stream().anyMatch(n -> !kind.isInstance(n.op()));
    }

    /** Memory that only the current step uses. */
    Buffer scratch(long bytes, String name) {
        return scratch(bytes, name, Shape.SCALAR, DType.U8);
    }

    /** Float scratch memory of a shape. */
    Buffer scratch(Shape shape, String name) {
        return scratch(shape.elements() * 4, name, shape, DType.F32);
    }

    private static Buffer scratch(long bytes, String name, Shape shape, DType dtype) {
        Storage storage = new Storage(name, bytes, Storage.Home.PLANNED);
        storage.scratch = true;
        return Buffer.plain(storage, shape, dtype);
    }

    // ---- steps

    /** Ties a native object's life to the program's. */
    <P extends Pointer> P keep(P pointer) {
        natives.add(pointer);
        return pointer;
    }

    /** Gives back what was kept and no step will use. */
    void discard(Pointer pointer) {
        natives.removeIf(p -> p == pointer);
        pointer.close();
    }

    /** Appends a step of the current node. */
    void step(String what, List<Buffer> reads, List<Buffer> writes, Step.Binder binder) {
        boolean constant = !node.hasEffect() && reads.stream().allMatch(Lowering::isConstant);
        for (Buffer buffer : writes) {
            if (buffer.storage().home == Storage.Home.PLANNED && constant) {
                buffer.storage().constant = true;
            }
        }
        steps.add(new Step(node, what, reads, writes, binder));
    }
}
