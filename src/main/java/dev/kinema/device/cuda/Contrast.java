package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.InfoNceGradient;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.L2NormalizeGradient;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.RingEnqueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * InfoNCE against a queue, with products in the type of activations and everything else in F32; rows of unit length; the ring that a queue
 * is. Where the graph has the gradient of a loss too, one pass over the queue computes both.
 */
final class Contrast {
    private Contrast() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(InfoNce.class, Contrast::loss);
        rules.put(InfoNceGradient.class, Contrast::gradient);
        rules.put(L2Normalize.class, Contrast::normalize);
        rules.put(L2NormalizeGradient.class, Contrast::normalizeGradient);
        rules.put(RingEnqueue.class, Contrast::enqueue);
    }

    /** What both passes of InfoNCE read; count and owners are null where absent. */
    private record Operands(InfoNce op, UnitRows.Side q, UnitRows.Side k, Buffer queue, Buffer count, Buffer owners, Buffer queueOwners) {
        /** q, k and queue are the inputs from {@code first} on; count and owners are the last. */
        static Operands of(Lowering l, Node node, InfoNce op, int first) {
            int inputs = node.inputs().size();
            return new Operands(op, UnitRows.side(l, node.input(first)), UnitRows.side(l, node.input(first + 1)),
                l.of(node.input(first + 2), l.compute()), op.counted() ? l.of(node.input(inputs - (op.owned() ? 3 : 1))) : null,
                op.owned() ? l.of(node.input(inputs - 2)) : null, op.owned() ? l.of(node.input(inputs - 1)) : null);
        }

        /** All of them, and others. */
        List<Buffer> and(Buffer... others) {
            List<Buffer> all = new ArrayList<>(List.of(others));
            all.addAll(List.of(q.operand(), k.operand()));
            all.addAll(besideRows());
            return all;
        }

        /** Those but q and k. */
        List<Buffer> besideRows() {
            return Stream.of(queue, count, owners, queueOwners).filter(Objects::nonNull).toList();
        }

        static long address(Buffer buffer) {
            return buffer == null ? 0 : buffer.address();
        }

        int rows() {
            return q.count();
        }

        int width() {
            return queue.shape().last();
        }

        int capacity() {
            return queue.shape().dim(0);
        }

        int code() {
            return queue.code();
        }

        boolean isRaw() {
            return q.isRaw() || k.isRaw();
        }
    }

    private static void loss(Lowering l, Node node) {
        Operands o = Operands.of(l, node, (InfoNce) node.op(), 0);
        List<Buffer> reads = new ArrayList<>();
        List<Buffer> writes = new ArrayList<>(List.of(l.define(node.output(0)), l.define(node.output(1)), l.define(node.output(2))));
        Buffer fault = l.fault(count -> "count " + count + " is not one of 1 to " + o.rows()
            + " rows: leave the step out where no row takes part");
        writes.add(fault);
        Buffer positives = o.isRaw() ? l.scratch(4L * o.rows(), "positives") : null;
        Step.Launch pairs = UnitRows.normalize(o.q(), o.k(), positives, o.op().temperature(), reads, writes);
        reads.addAll(o.besideRows());
        boolean both = l.readers(node.output(1)).stream().anyMatch(reader -> InfoNceGradient.isOf(reader, node));
        Step.Launch loss = both ? onePass(l, node, o, positives, fault, writes) : lossAlone(l, node, o, positives, fault, writes);
        l.step((o.isRaw() ? "infonce.normalize+" : "infonce.") + (both ? "one_pass" : "loss"), reads, writes, stream -> {
            int status = pairs.on(stream);
            return status == Kinema.KN_OK ? loss.on(stream) : status;
        });
    }

    /** Leaves what the gradient needs of the queue under the log-sums. */
    private static Step.Launch onePass(Lowering l, Node node, Operands o, Buffer positives, Buffer fault, List<Buffer> writes) {
        Buffer loss = l.of(node.output(0));
        Buffer logs = l.of(node.output(1));
        Buffer ranks = l.of(node.output(2));
        Buffer workspace = l.scratch(Kinema.kn_infonce_one_pass_workspace(o.rows(), o.width(), o.capacity(), o.code()), "infonce");
        Buffer pulled = left("pulled", Shape.of(o.rows(), o.width()));
        Buffer negatives = left("negatives", Shape.of(o.rows()));
        l.leave(node.output(1), pulled, negatives);
        writes.addAll(List.of(pulled, negatives, workspace));
        return stream -> Kinema.kn_infonce_one_pass(loss.address(), logs.address(), ranks.address(), fault.address(), pulled.address(),
            negatives.address(), o.q().address(), o.k().address(), o.queue().address(), Operands.address(positives),
            Operands.address(o.count()), Operands.address(o.owners()), Operands.address(o.queueOwners()), o.rows(), o.width(), o.capacity(),
            o.op().temperature(), o.op().unitLength() ? 1 : 0, o.code(), workspace.address(), stream);
    }

    /** Memory for what a step leaves for a later one. */
    private static Buffer left(String name, Shape shape) {
        return new Buffer(new Storage(name, Float.BYTES * shape.elements(), Storage.Home.PLANNED), shape, DType.F32);
    }

    private static Step.Launch lossAlone(Lowering l, Node node, Operands o, Buffer positives, Buffer fault, List<Buffer> writes) {
        Buffer loss = l.of(node.output(0));
        Buffer logs = l.of(node.output(1));
        Buffer ranks = l.of(node.output(2));
        Buffer workspace = l.scratch(Kinema.kn_infonce_loss_workspace(o.rows(), o.width(), o.capacity(), o.code()), "infonce");
        writes.add(workspace);
        return stream -> Kinema.kn_infonce_loss(loss.address(), logs.address(), ranks.address(), fault.address(), o.q().address(),
            o.k().address(), o.queue().address(), Operands.address(positives), Operands.address(o.count()), Operands.address(o.owners()),
            Operands.address(o.queueOwners()), o.rows(), o.width(), o.capacity(), o.op().temperature(), o.op().unitLength() ? 1 : 0, o.code(),
            workspace.address(), stream);
    }

    private static void gradient(Lowering l, Node node) {
        Operands o = Operands.of(l, node, ((InfoNceGradient) node.op()).forward(), 1);
        Buffer upstream = l.of(node.input(0), DType.F32);
        Buffer dk = l.define(node.output(1));
        List<Buffer> left = l.left(node.input(4));
        if (left.isEmpty()) {
            Buffer logs = l.of(node.input(4), DType.F32);
            Buffer dq = l.define(node.output(0));
            l.step("infonce.gradient", o.and(upstream, logs), List.of(dq, dk), stream -> Kinema.kn_infonce_gradient(dq.address(),
                dk.address(), upstream.address(), o.q().address(), o.k().address(), o.queue().address(), logs.address(),
                Operands.address(o.count()), Operands.address(o.owners()), Operands.address(o.queueOwners()), o.rows(), o.width(),
                o.capacity(), o.op().temperature(), o.code(), stream));
            return;
        }
        Buffer pulled = left.get(0);
        Buffer negatives = left.get(1);
        UnitRows.Back back = o.q().back(l, node.output(0));
        List<Buffer> reads = o.and(upstream, pulled, negatives);
        reads.addAll(back.reads());
        l.step("infonce.pull" + (back.through() ? "+normalize_gradient" : ""), reads, List.of(back.result(), dk),
            stream -> Kinema.kn_infonce_pull(back.address(), dk.address(), upstream.address(), pulled.address(), negatives.address(),
                o.q().address(), o.k().address(), Operands.address(o.count()), back.unit(), back.norms(), o.q().epsilon(), o.rows(),
                o.width(), o.op().temperature(), o.code(), stream));
    }

    private static void normalize(Lowering l, Node node) {
        if (UnitRows.leave(l, node)) {
            return;
        }
        double epsilon = ((L2Normalize) node.op()).epsilon();
        Buffer x = l.of(node.input(0));
        Buffer y = l.define(node.output(0), x.dtype());
        Buffer norms = l.define(node.output(1));
        l.step("infonce.normalize", List.of(x), List.of(y, norms), stream -> Kinema.kn_infonce_normalize(y.address(), norms.address(),
            x.address(), norms.elements(), x.shape().last(), epsilon, x.code(), stream));
    }

    private static void normalizeGradient(Lowering l, Node node) {
        double epsilon = ((L2NormalizeGradient) node.op()).epsilon();
        Buffer y = l.of(node.input(1));
        Buffer dy = l.of(node.input(0), y.dtype());
        Buffer norms = l.of(node.input(2), DType.F32);
        Buffer dx = l.define(node.output(0), y.dtype());
        l.step("infonce.normalize_gradient", List.of(dy, y, norms), List.of(dx), stream -> Kinema.kn_infonce_normalize_gradient(
            dx.address(), dy.address(), y.address(), norms.address(), norms.elements(), y.shape().last(), epsilon, y.code(), stream));
    }

    private static void enqueue(Lowering l, Node node) {
        Buffer rows = l.of(node.input(2), node.input(0).dtype());
        Buffer count = ((RingEnqueue) node.op()).counted() ? l.of(node.input(3)) : null;
        Buffer queue = l.update(0, 0);
        Buffer pointer = l.update(1, 1);
        Buffer copy = l.copyOfRing(queue);
        int rowCount = rows.shape().dim(0);
        int capacity = queue.shape().dim(0);
        List<Buffer> reads = count == null ? List.of(queue, pointer, rows) : List.of(queue, pointer, rows, count);
        Buffer countFault = l.fault(n -> "count " + n + " is not one of 0 to " + rowCount + " rows: check what is fed to the program");
        Buffer pointerFault = l.fault(at -> "the pointer is at " + at + " in a queue of " + capacity
            + " rows: it was restored from another queue");
        Step.Launch enqueue = stream -> Kinema.kn_infonce_enqueue(queue.address(), pointer.address(), countFault.address(),
            pointerFault.address(), rows.address(), Operands.address(count), rowCount, capacity, queue.bytes() / capacity, stream);
        if (copy == null) {
            l.step("infonce.enqueue", reads, List.of(queue, pointer, countFault, pointerFault), enqueue);
            return;
        }
        l.step("infonce.enqueue", reads, List.of(queue, copy, pointer, countFault, pointerFault), stream -> {
            // first, as the other moves the pointer
            int status = Kinema.kn_infonce_enqueue_rounded(copy.address(), pointer.address(), rows.address(), Operands.address(count),
                rowCount, capacity, copy.elements() / capacity, stream);
            return status == Kinema.KN_OK ? enqueue.on(stream) : status;
        });
    }
}
