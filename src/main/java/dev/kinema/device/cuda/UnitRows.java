package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InBatchInfoNceGradient;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.InfoNceGradient;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.L2NormalizeGradient;
import dev.kinema.graph.op.Pad;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Slice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * An L2 normalisation that is left to the contrasts, against a queue or within a batch, which read its rows, all of them or a run each:
 * their kernels normalise on the way, and on the way back go through the normalisation. Between it and them the graph has slices, and
 * between their gradients and its own what puts these together again; none of it needs a step. Others may read the rows if they do so after
 * the contrasts.
 */
final class UnitRows {
    /** Rows from {@code first} on, and the contrast that reads them. */
    private record Run(Value value, int first, Node contrast) {
        int end() {
            return first + value.shape().dim(0);
        }
    }

    private final Lowering l;
    private final Node normalize;
    private final Value rows;
    private final List<Run> runs = new ArrayList<>();
    /** What has no step of its own. */
    private final List<Node> between = new ArrayList<>();

    private UnitRows(Lowering l, Node normalize) {
        this.l = l;
        this.normalize = normalize;
        this.rows = normalize.output(0);
    }

    /**
     * Leaves the normalisation to its readers if it can be: then the rows have memory, in F32 and in the type of products, that these fill.
     *
     * @return whether it did
     */
    static boolean leave(Lowering l, Node normalize) {
        UnitRows unit = new UnitRows(l, normalize);
        if (!unit.canBeLeft()) {
            return false;
        }
        Buffer y = l.define(unit.rows);
        l.define(normalize.output(1));
        Buffer operand = l.compute() == DType.F32 ? y
            : new Buffer(new Storage("unit rows", y.elements() * l.compute().bytes(), Storage.Home.PLANNED), y.shape(), l.compute());
        l.leave(unit.rows, operand);
        unit.between.forEach(node -> l.absorb(node, unit.runs.get(0).contrast));
        return true;
    }

    private boolean canBeLeft() {
        Value x = normalize.input(0);
        boolean plain = rows.shape().rank() == 2 && l.of(x).dtype() == DType.F32 && !l.of(x).storage().constant;
        return l.fuses() && plain && l.readers(x).size() == 1 && findRuns() && othersCanWait() && gradientIsTheirs();
    }

    private boolean findRuns() {
        List<Node> slices = l.readers(rows).stream().filter(n -> n.op() instanceof Slice s && s.axis() == 0).toList();
        for (Node slice : slices) {
            if (l.isOutput(slice.output(0)) || !addRun(slice.output(0), ((Slice) slice.op()).start())) {
                return false;
            }
        }
        if (slices.isEmpty() && !addRun(rows, 0)) {
            return false;
        }
        between.addAll(slices);
        runs.sort(Comparator.comparingInt(Run::first));
        int end = 0;
        for (Run run : runs) {
            if (run.first != end) {
                return false;
            }
            end = run.end();
        }
        return end == rows.shape().dim(0);
    }

    /** Where one contrast, and its gradient, read the value, as queries or as keys. */
    private boolean addRun(Value value, int first) {
        List<Node> readers = l.readers(value);
        List<Node> contrasts = readers.stream().filter(n -> n.op() instanceof InfoNce || n.op() instanceof InBatchInfoNce).toList();
        if (contrasts.size() != 1 || !contrasts.get(0).inputs().subList(0, 2).contains(value)) {
            return false;
        }
        Node contrast = contrasts.get(0);
        runs.add(new Run(value, first, contrast));
        return readers.stream().allMatch(n -> n == contrast || isGradient(n, contrast) || value.equals(rows) && !isContrastsGradient(n));
    }

    private static boolean isContrastsGradient(Node node) {
        return node.op() instanceof InfoNceGradient || node.op() instanceof InBatchInfoNceGradient;
    }

    private static boolean isGradient(Node reader, Node contrast) {
        return InfoNceGradient.isOf(reader, contrast) || BatchContrast.isGradient(reader, contrast);
    }

    /** Whether all other readers come after the contrasts: rings against which they contrast, which are written when those have read them. */
    private boolean othersCanWait() {
        return l.readers(rows).stream().allMatch(n -> between.contains(n) || n.op() instanceof L2NormalizeGradient
            || runs.get(0).value.equals(rows) && (n == runs.get(0).contrast || isContrastsGradient(n))
            || n.op() instanceof RingEnqueue && n.input(2).equals(rows) && runs.stream().allMatch(
                r -> r.contrast.op() instanceof InfoNce && r.contrast.input(2).equals(n.input(0))));
    }

    /** The gradient of a normalisation of which the rows are; null where there is none, or not one. */
    private static Node gradient(Lowering l, Value rows) {
        List<Node> found = l.readers(rows).stream().filter(n -> n.op() instanceof L2NormalizeGradient).distinct().toList();
        return found.size() == 1 ? found.get(0) : null;
    }

    /** Whether the normalisation's gradient, where there is one, is of nothing but what the contrasts' gradients give, each once. */
    private boolean gradientIsTheirs() {
        Value norms = normalize.output(1);
        Node gradient = gradient(l, rows);
        if (gradient == null) {
            return l.readers(rows).stream().noneMatch(n -> n.op() instanceof L2NormalizeGradient) && l.readers(norms).isEmpty()
                && !l.isOutput(norms);
        }
        List<Run> open = new ArrayList<>(runs);
        boolean theirs = gradient.input(1).equals(rows) && gradient.input(2).equals(norms) && l.readers(norms).size() == 1
            && !l.isOutput(norms) && ((L2NormalizeGradient) gradient.op()).epsilon() == epsilon(normalize)
            && takesOff(open, gradient.input(0), 0) && open.isEmpty();
        between.add(gradient);
        return theirs;
    }

    /** Takes off the runs of which a value is the gradient, or the sum of gradients with zeros around them. */
    private boolean takesOff(List<Run> open, Value value, int first) {
        Node node = value.node();
        if (l.readers(value).size() != 1 || l.isOutput(value)) {
            return false;
        }
        if (isContrastsGradient(node)) {
            return open.removeIf(run -> run.first == first && isGradient(node, run.contrast) && value.equals(resultFor(run, node)));
        }
        between.add(node);
        if (node.op() instanceof Pad pad) {
            return pad.axis() == 0 && takesOff(open, node.input(0), first + pad.before());
        }
        return node.op() instanceof Add && node.input(0).shape().equals(node.input(1).shape()) && takesOff(open, node.input(0), first)
            && takesOff(open, node.input(1), first);
    }

    /** Of a contrast's gradient, what kernels can take through the normalisation of a run: queries' or either view's; else null. */
    private static Value resultFor(Run run, Node gradient) {
        int operand = run.contrast.inputs().indexOf(run.value);
        return operand == 0 || gradient.op() instanceof InBatchInfoNceGradient ? gradient.output(operand) : null;
    }

    private static double epsilon(Node normalize) {
        return ((L2Normalize) normalize.op()).epsilon();
    }

    /**
     * Normalises what has to be of the two operands of a contrast; nothing where nothing has to.
     *
     * @param positives their products' place, which is asked for where it is not null
     * @param reads gets what this reads, or the contrast where this does nothing
     * @param writes gets what this writes
     */
    static Step.Launch normalize(Side q, Side k, Buffer positives, double temperature, Collection<Buffer> reads,
        Collection<Buffer> writes) {
        for (Side side : List.of(q, k)) {
            reads.add(side.isRaw() ? side.raw() : side.operand());
            if (side.isRaw()) {
                writes.addAll(List.of(side.operand(), side.unit(), side.norms()));
            }
        }
        if (positives != null) {
            writes.add(positives);
        }
        if (!q.isRaw() && !k.isRaw()) {
            return stream -> Kinema.KN_OK;
        }
        return stream -> Kinema.kn_infonce_pairs(positives == null ? 0 : positives.address(), q.address(), k.address(), q.in(q.unit()),
            q.in(q.norms()), q.in(q.raw()), q.epsilon(), k.in(k.unit()), k.in(k.norms()), k.in(k.raw()), k.epsilon(), q.count(), q.width(),
            temperature, q.operand().code(), stream);
    }

    /** The queries or keys of a contrast, or a view. */
    static Side side(Lowering l, Value value) {
        Node slice = value.node();
        boolean sliced = slice.op() instanceof Slice && l.isAbsorbed(slice);
        Value all = sliced ? slice.input(0) : value;
        List<Buffer> operand = l.left(all);
        if (!(all.node().op() instanceof L2Normalize) || operand.isEmpty()) {
            return new Side(l.of(value, l.compute()), 0, value.shape().dim(0), null, null, null, 0, null);
        }
        Node normalize = all.node();
        Node gradient = gradient(l, all);
        return new Side(operand.get(0), sliced ? ((Slice) slice.op()).start() : 0, value.shape().dim(0), l.of(normalize.input(0)), l.of(all),
            l.of(normalize.output(1)), epsilon(normalize), gradient == null ? null : gradient.output(0));
    }

    /**
     * Rows from {@code first} on of what a contrast reads and makes. All but the operand are null where rows come as they are.
     *
     * @param operand in the type of products
     * @param raw what the contrast normalises
     * @param unit the rows in F32
     * @param gradient that of {@code raw}, which the gradient of the contrast computes; null where nothing asks for it
     */
    record Side(Buffer operand, int first, int count, Buffer raw, Buffer unit, Buffer norms, double epsilon, Value gradient) {
        boolean isRaw() {
            return raw != null;
        }

        /** Where the rows begin in a buffer that has one, or one number, for each row of the operand; 0 for null. */
        long in(Buffer buffer) {
            return buffer == null ? 0
                : buffer.address() + first * (buffer.elements() / Math.max(1, operand.shape().dim(0))) * buffer.dtype().bytes();
        }

        long address() {
            return in(operand);
        }

        int width() {
            return operand.shape().last();
        }

        /** @param own the gradient of the operand, which is the contrast's gradient's where nothing asks for that of what was normalised */
        Back back(Lowering l, Value own) {
            Value value = gradient == null ? own : gradient;
            // the contrasts of several runs of rows write into the same gradient, each into its rows
            return new Back(this, l.isMade(value) ? l.of(value) : l.define(value), gradient != null);
        }
    }

    /**
     * Where a contrast's gradient of its operand goes.
     *
     * @param through whether it is that of what was normalised
     */
    record Back(Side side, Buffer result, boolean through) {
        List<Buffer> reads() {
            return through ? List.of(side.unit(), side.norms()) : List.of();
        }

        long address() {
            return through ? side.in(result) : result.address();
        }

        long unit() {
            return through ? side.in(side.unit()) : 0;
        }

        long norms() {
            return through ? side.in(side.norms()) : 0;
        }
    }
}
