package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Sgd;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Updates by one rule of tensors that do not depend on each other: one step, and as few launches as the kernels' argument lists allow. */
final class UpdateGroup implements Step.Launch {
    // columns of the kernels' tables
    static final int PARAMETER = 0;
    static final int GRADIENT = 1;
    static final int RATE = 2;
    static final int FIRST = 3;
    static final int STEP = 5;
    private static final int ELEMENTS = 6;

    private final Op op;
    private final DType gradients;
    private final List<Buffer[]> rows = new ArrayList<>();
    /** What LARS keeps norms in; null for others. */
    private Buffer scratch;

    private UpdateGroup(Op op, DType gradients) {
        this.op = op;
        this.gradients = gradients;
    }

    /** Makes the update a part of the step before, if that is a group which it fits and which it does not depend on, else a step. */
    static void join(Lowering l, Node node, Buffer[] row, List<Buffer> reads, List<Buffer> writes) {
        Step last = l.last();
        boolean joins = last != null && last.launch() instanceof UpdateGroup group && group.op.equals(node.op())
            && group.gradients == row[GRADIENT].dtype() && independent(last, reads, writes);
        UpdateGroup group = joins ? (UpdateGroup) last.launch() : new UpdateGroup(node.op(), row[GRADIENT].dtype());
        group.rows.add(row);
        List<Buffer> read = joins ? joined(last.reads(), reads) : reads;
        List<Buffer> written = joins ? joined(last.writes().stream().filter(b -> b != group.scratch).toList(), writes) : writes;
        if (node.op() instanceof Lars) {
            group.scratch = l.scratch(Kinema.kn_optimizer_lars_workspace(group.table(), group.rows.size()), "norms");
            written = joined(written, List.of(group.scratch));
        }
        String what = "optimizer." + group.kernel() + " of " + group.rows.size() + " tensors";
        if (joins) {
            l.replaceLast(what, read, written);
        } else {
            l.step(what, read, written, group);
        }
    }

    private static List<Buffer> joined(List<Buffer> a, List<Buffer> b) {
        return Stream.concat(a.stream(), b.stream()).toList();
    }

    /** Whether an update reads nothing that the step writes, and writes nothing that it reads or writes. */
    private static boolean independent(Step step, List<Buffer> reads, List<Buffer> writes) {
        return step.writes().stream().noneMatch(w -> Stream.concat(reads.stream(), writes.stream()).anyMatch(b -> b.storage() == w.storage()))
            && step.reads().stream().noneMatch(r -> writes.stream().anyMatch(b -> b.storage() == r.storage()));
    }

    private String kernel() {
        return op instanceof Sgd ? "sgd" : op instanceof Lars ? "lars" : op instanceof Adam ? "adam" : "average";
    }

    /** A row for each tensor, without addresses. */
    private long[] table() {
        long[] table = new long[rows.size() * Kinema.KN_OPTIMIZER_COLUMNS];
        for (int r = 0; r < rows.size(); r++) {
            table[r * Kinema.KN_OPTIMIZER_COLUMNS + ELEMENTS] = rows.get(r)[PARAMETER].elements();
        }
        return table;
    }

    @Override
    public int on(long stream) {
        long[] table = table();
        for (int r = 0; r < rows.size(); r++) {
            for (int c = 0; c < ELEMENTS; c++) {
                Buffer buffer = rows.get(r)[c];
                table[r * Kinema.KN_OPTIMIZER_COLUMNS + c] = buffer == null ? 0 : buffer.address();
            }
        }
        int count = rows.size();
        int code = Buffer.code(gradients);
        if (op instanceof Sgd o) {
            return Kinema.kn_optimizer_sgd(table, count, o.momentum(), o.dampening(), o.nesterov() ? 1 : 0, o.weightDecay(), code, stream);
        }
        if (op instanceof Lars o) {
            return Kinema.kn_optimizer_lars(table, count, o.momentum(), o.dampening(), o.nesterov() ? 1 : 0, o.weightDecay(), o.trust(),
                o.epsilon(), o.clip() ? 1 : 0, code, scratch.address(), stream);
        }
        if (op instanceof Adam o) {
            return Kinema.kn_optimizer_adam(table, count, o.beta1(), o.beta2(), o.epsilon(), o.weightDecay(), o.decoupled() ? 1 : 0, code,
                stream);
        }
        return Kinema.kn_optimizer_average(table, count, code, stream);
    }
}
