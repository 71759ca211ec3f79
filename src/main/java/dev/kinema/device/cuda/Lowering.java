package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.FiniteCheck;
import dev.kinema.device.Precision;
import dev.kinema.device.Schedule;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * Turns a graph into steps. Rules ask it for the buffers of a node's inputs in the type they need (a conversion is added where a value is
 * stored in another, once per type), define buffers for its outputs, and append steps.
 */
final class Lowering {
    private final CudaDevice device;
    private final Graph graph;
    private final CudaWeights weights;
    private final Compilation how;
    private final Schedule schedule;
    private final Rounding rounding;
    private final Map<Value, Buffer> buffers = new HashMap<>();
    /** Values in another type than they are stored in, by the value that they are a view of. */
    private final Map<Value, Map<DType, Buffer>> copies = new HashMap<>();
    private final Map<Value, Value> viewed = new HashMap<>();
    private final Map<Value, Map<String, Buffer>> derived = new HashMap<>();
    private final Map<Value, List<Buffer>> left = new HashMap<>();
    private final Map<Node, Integer> position = new HashMap<>();
    /** Nodes that have no step of their own, by the node whose step does their work. */
    private final Map<Node, Node> absorbed = new HashMap<>();
    private final Set<String> written = new HashSet<>();
    private final RingCopies rings;
    private final Map<String, Buffer> inputs = new LinkedHashMap<>();
    private final Map<Value, Buffer> results = new HashMap<>();
    private final List<Step> steps = new ArrayList<>();
    private final List<FiniteProbe> finite = new ArrayList<>();
    private final List<Faults.Word> faults = new ArrayList<>();
    private Node node;

    Lowering(CudaDevice device, Graph graph, CudaWeights weights, Compilation how) {
        this.device = device;
        this.graph = graph;
        this.weights = weights;
        this.how = how;
        this.schedule = Schedule.of(graph);
        this.rounding = new Rounding(graph, schedule);
        this.rings = new RingCopies(schedule.nodes());
        for (Node n : schedule.nodes()) {
            position.put(n, position.size());
            for (int i : n.op().writes()) {
                written.add(Graph.variableOf(n.input(i)));
            }
        }
    }

    CudaProgram compile() {
        graph.inputs().forEach((name, value) -> inputs.put(name,
            new Buffer(new Storage(name, value.type().bytes(), Storage.Home.HELD), value.shape(), value.dtype())));
        for (Node n : schedule.nodes()) {
            node = n;
            if (n.op() instanceof Input input) {
                set(n.output(0), inputs.get(input.name()));
            } else if (n.op() instanceof Variable variable) {
                Storage storage = new Storage(variable.name(), variable.type().bytes(), Storage.Home.WEIGHTS);
                storage.constant = !written.contains(variable.name());
                storage.place(weights.address(variable.name()));
                set(n.output(0), new Buffer(storage, n.output(0).shape(), n.output(0).dtype()));
                rings.offer(variable.name(), of(n.output(0)));
            } else {
                lower(n);
                // here and not at the end: what is a view of a variable may be overwritten by then
                n.outputs().stream().filter(graph.outputs()::containsValue).forEach(v -> results.put(v, output(v)));
            }
            if (how.checkFinite()) {
                appendFiniteChecks(n);
            }
        }
        graph.outputs().values().forEach(v -> results.computeIfAbsent(v, this::output));
        Map<String, Buffer> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, value) -> outputs.put(name, results.get(value)));
        return new CudaProgram(device, weights, steps, inputs, outputs, !written.isEmpty(), finite, faults, how.staged());
    }

    private void lower(Node n) {
        if (absorbed.containsKey(n)) {
            return;
        }
        try {
            Rules.of(n.op()).lower(this, n);
        } catch (KinemaException e) {
            throw at(n, e.getMessage(), e);
        }
    }

    /** What went wrong with the place where it did. */
    static KinemaException at(Node node, String what, KinemaException cause) {
        return new KinemaException(what + " (at " + node + ")", cause);
    }

    /** The value is looked at when the steps so far have run. */
    private void appendFiniteChecks(Node n) {
        for (Value value : FiniteCheck.of(n)) {
            Buffer buffer = of(value, DType.F32);
            // read here, so that nothing overwrites it before it is looked at
            step("finite", List.of(buffer), List.of(), stream -> Kinema.KN_OK);
            finite.add(new FiniteProbe(steps.get(steps.size() - 1), value, buffer));
        }
    }

    /** Outputs are as they are typed, in memory of their own that the planned block cannot overwrite, and written by every run. */
    private Buffer output(Value value) {
        node = value.node();
        Buffer buffer = of(value, value.dtype());
        if (buffer.storage().home == Storage.Home.PLANNED && !buffer.storage().constant) {
            buffer.storage().home = Storage.Home.HELD;
            return buffer;
        }
        Buffer copy = new Buffer(new Storage("output", value.type().bytes(), Storage.Home.HELD), value.shape(), value.dtype());
        copy(buffer, copy);
        return copy;
    }

    /** A step that copies bytes from one buffer to another of the same size. */
    void copy(Buffer from, Buffer to) {
        step("copy", List.of(from), List.of(to), stream -> Kinema.kn_copy(to.address(), from.address(), from.bytes(), stream));
    }

    // ---- what rules know

    /** Who does products and convolutions. */
    VendorChoice vendor() {
        return device.vendor();
    }

    /** The type of video activations and of the operands of products. */
    DType compute() {
        return how.precision() == Precision.BF16 ? DType.BF16 : DType.F32;
    }

    /** Whether a value must not be overwritten because it is read again, is an output, or is a variable that this program does not write. */
    boolean isRead(Value value) {
        return !schedule.consumers(value).isEmpty() || graph.outputs().containsValue(value);
    }

    /** Whether the value may be stored in {@link #compute}, as all who read it round it. */
    boolean isRounded(Value value) {
        return rounding.isRounded(value);
    }

    /**
     * The node that alone reads a value, and could be computed together with another; null where there is none, or nothing is to be fused, as
     * where every value is looked at.
     */
    Node soleReader(Value value) {
        List<Node> readers = fusibleReaders(value);
        return readers.size() == 1 ? readers.get(0) : null;
    }

    /** The nodes that read a value and could be computed together with the one that makes it; none if the value is an output. */
    List<Node> fusibleReaders(Value value) {
        return fuses() && !isOutput(value) ? schedule.consumers(value) : List.of();
    }

    /** Whether steps may leave out values that nothing but they would read. */
    boolean fuses() {
        return how.fuse() && !how.checkFinite();
    }

    boolean isOutput(Value value) {
        return graph.outputs().containsValue(value);
    }

    /** Leaves the work of {@code other}, which is not lowered yet, to the steps of {@code by}; either may come first. */
    void absorb(Node other, Node by) {
        absorbed.put(other, by);
    }

    boolean isAbsorbed(Node other) {
        return absorbed.containsKey(other);
    }

    /** Whether it is this node that does the other's work. */
    boolean isAbsorbed(Node other, Node by) {
        return absorbed.get(other) == by;
    }

    /** Whether the value is there when the current node runs. */
    boolean isMade(Value value) {
        return buffers.containsKey(value);
    }

    /** Whether a value is a variable that nothing overwrites before {@code reader} has run, though the graph does not have it read it. */
    boolean staysUntil(Node reader, Value value) {
        return value.node().op() instanceof Variable && schedule.consumers(value).stream()
            .filter(n -> Arrays.stream(n.op().writes()).anyMatch(i -> n.input(i) == value))
            .allMatch(n -> position.get(n) > position.get(reader));
    }

    /** The nodes that read a value. */
    List<Node> readers(Value value) {
        return schedule.consumers(value);
    }

    // ---- buffers

    /** The buffer of a value as it is stored: in its own type, or in BF16 where it is typed F32. */
    Buffer of(Value value) {
        Buffer buffer = buffers.get(value);
        if (buffer == null) {
            throw new IllegalStateException("no buffer for " + value + ", read by " + node);
        }
        return buffer;
    }

    /** The value in a type; F32 and BF16 are converted into each other, once for all who ask. */
    Buffer of(Value value, DType dtype) {
        Buffer buffer = of(value);
        if (buffer.dtype() == dtype) {
            return buffer;
        }
        if (dtype == DType.BF16 && rings.has(buffer)) {
            return rings.of(this, buffer);
        }
        Map<DType, Buffer> made = copies.computeIfAbsent(viewed.getOrDefault(value, value), k -> new HashMap<>());
        Buffer copy = made.get(dtype);
        if (copy == null) {
            copy = new Buffer(new Storage("%" + value.node().id() + "'", value.shape().elements() * dtype.bytes(), Storage.Home.PLANNED),
                value.shape(), dtype);
            Elementwise.convert(this, buffer, copy);
            made.put(dtype, copy);
        }
        return copy.shape().equals(value.shape()) ? copy : new Buffer(copy.storage(), value.shape(), dtype);
    }

    /** New memory for a value, as it is typed. */
    Buffer define(Value value) {
        return define(value, value.dtype());
    }

    /** New memory for a value in a type. */
    Buffer define(Value value, DType dtype) {
        Storage storage = new Storage("%" + value.node().id(), value.shape().elements() * dtype.bytes(), Storage.Home.PLANNED);
        Buffer buffer = new Buffer(storage, value.shape(), dtype);
        set(value, buffer);
        return buffer;
    }

    /** Memory for a result of the shape and in the type that {@code x} is stored in: that of {@code x} where it {@link #dies} here. */
    Buffer like(Value x, Value result) {
        if (!dies(x)) {
            return define(result, of(x).dtype());
        }
        Buffer buffer = new Buffer(of(x).storage(), result.shape(), of(x).dtype());
        buffers.put(result, buffer);
        return buffer;
    }

    /** The same in a given type: new memory where {@code x} is stored in another. */
    Buffer like(Value x, Value result, DType dtype) {
        return of(x).dtype() == dtype ? like(x, result) : define(result, dtype);
    }

    /** Lets {@code result} be the same memory as {@code x} under its own shape; for operations of which {@link Schedule#isView} knows. */
    void view(Value x, Value result) {
        Buffer buffer = of(x);
        set(result, new Buffer(buffer.storage(), result.shape(), buffer.dtype()));
        viewed.put(result, viewed.getOrDefault(x, x));
    }

    /** The new version of a variable, which the node updates in place: the memory of the old. */
    Buffer update(int input, int output) {
        Buffer variable = of(node.input(input));
        set(node.output(output), variable);
        return variable;
    }

    /** The copy in BF16 into which the node has to put what it puts into a ring, too; null where there is none. */
    Buffer copyOfRing(Buffer ring) {
        return rings.toWrite(ring);
    }

    private void set(Value value, Buffer buffer) {
        buffers.put(value, buffer);
        buffer.storage().values++;
    }

    /**
     * Whether the memory of {@code value} may be overwritten by this node's result: the node is its last reader, it reads it once, and no
     * other value lives there.
     */
    boolean dies(Value value) {
        Buffer buffer = of(value);
        List<Node> readers = schedule.consumers(value).stream().map(n -> absorbed.getOrDefault(n, n)).toList();
        return buffer.storage().home == Storage.Home.PLANNED && !buffer.storage().constant && buffer.storage().values == 1
            && !graph.outputs().containsValue(value) && readers.stream().filter(n -> n == node).count() == 1
            && readers.stream().allMatch(n -> position.get(n) <= position.get(node));
    }

    /** Memory that only the current step uses; it must be among what the step writes. */
    Buffer scratch(long bytes, String name) {
        if (bytes < 0) {
            throw new KinemaException(CudaLibrary.lastError());
        }
        Storage storage = new Storage(name, bytes, Storage.Home.PLANNED);
        storage.scratch = true;
        return new Buffer(storage, Shape.of((int) Math.min(bytes, Integer.MAX_VALUE)), DType.U8);
    }

    /** Memory for numbers in I64 that the current step's kernels read, which its launch writes once: see {@link Step.Launch#placed}. */
    Buffer table(int numbers, String name) {
        Storage storage = new Storage(name, (long) numbers * Long.BYTES, Storage.Home.HELD);
        storage.constant = true;
        return new Buffer(storage, Shape.of(numbers), DType.I64);
    }

    /**
     * A word that a step's kernels set where they meet a number that they cannot use; the run then ends with the message for it.
     *
     * @param message what is wrong with a number, and the remedy
     */
    Buffer fault(IntFunction<String> message) {
        Storage word = new Storage("fault", Long.BYTES, Storage.Home.HELD);
        faults.add(new Faults.Word(node, word, message));
        return new Buffer(word, Shape.of(1), DType.I64);
    }

    /** Lets the rule of a later node find, under a value that both know, what this one's rule has made besides its outputs. */
    void leave(Value value, Buffer... buffers) {
        left.put(value, List.of(buffers));
    }

    /** What was {@link #leave left} under a value; empty if nothing was. */
    List<Buffer> left(Value value) {
        return left.getOrDefault(value, List.of());
    }

    /** A value in a form that rules give it, such as a filter's weights in another order: made once for all who ask. */
    Buffer derived(Value value, String form, Supplier<Buffer> make) {
        Map<String, Buffer> forms = derived.computeIfAbsent(value, k -> new HashMap<>());
        Buffer made = forms.get(form);
        if (made == null) {
            made = make.get();
            forms.put(form, made);
        }
        return made;
    }

    // ---- steps

    /** The step {@code back} steps before the last; null if there is none. */
    Step step(int back) {
        return back < steps.size() ? steps.get(steps.size() - 1 - back) : null;
    }

    /** Puts a step, which has an effect, in the place of one of the same node. */
    void replace(int back, Step step) {
        steps.set(steps.size() - 1 - back, step);
    }

    /** Appends a step of the current node. One that reads nothing but weights that this program does not write runs when those change. */
    void step(String what, List<Buffer> reads, List<Buffer> writes, Step.Launch launch) {
        boolean constant = !node.hasEffect() && reads.stream().allMatch(b -> b.storage().constant);
        for (Buffer buffer : writes) {
            if (buffer.storage().home == Storage.Home.PLANNED && constant) {
                buffer.storage().constant = true;
            }
        }
        steps.add(new Step(node, what, reads, writes, launch));
    }
}
