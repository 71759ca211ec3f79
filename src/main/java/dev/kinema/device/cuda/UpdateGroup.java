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
    static final int FACTOR = 6;
    private static final int ELEMENTS = 7;

    private final Op op;
    private final DType gradients;
    private final List<Buffer[]> rows = new ArrayList<>();
    /** What LARS keeps norms in; null for others. */
    private Buffer scratch;

    private UpdateGroup(Op op, DType gradients) {
        this.op = op;
        this.gradients = gradients;
    }

    /**
     * Makes the update a part of one of the groups that the steps before are, where it fits and depends on none of those that it would
     * overtake (groups differ in weight decay, and take turns); else a step.
     */
    static void join(Lowering l, Node node, Buffer[] row, List<Buffer> reads, List<Buffer> writes) {
        for (int back = 0; l.step(back) != null && l.step(back).launch() instanceof UpdateGroup group; back++) {
            Step step = l.step(back);
            if (!independent(step, reads, writes)) {
                break;
            }
            if (group.op.equals(node.op()) && group.gradients == row[GRADIENT].dtype()) {
                List<Buffer> written = step.writes().stream().filter(b -> b != group.scratch).toList();
                l.replace(back, group.with(l, row, step.node(), joined(step.reads(), reads), joined(written, writes)));
                return;
            }
        }
        Step step = new UpdateGroup(node.op(), row[GRADIENT].dtype()).with(l, row, node, reads, writes);
        l.step(step.what(), step.reads(), step.writes(), step.launch());
    }

    /** The group's step with one more tensor. */
    private Step with(Lowering l, Buffer[] row, Node node, List<Buffer> reads, List<Buffer> writes) {
        rows.add(row);
        List<Buffer> written = writes;
        if (op instanceof Lars) {
            scratch = l.scratch(Kinema.kn_optimizer_lars_workspace(table(), rows.size()), "norms");
            written = joined(writes, List.of(scratch));
        }
        String what = "optimizer." + kernel() + " of " + rows.size() + (rows.size() == 1 ? " tensor" : " tensors");
        return new Step(node, what, reads, written, this);
    }

    private static List<Buffer> joined(List<Buffer> a, List<Buffer> b) {
        return Stream.concat(a.stream(), b.stream()).toList();
    }

    /** Whether an update reads nothing that the step writes, and writes nothing that it reads or writes. */
    private static boolean independent(Step step, List<Buffer> reads, List<Buffer> writes) {
        return step.writes().stream()
            .noneMatch(w -> Stream.concat(reads.stream(), writes.stream()).anyMatch(b -> b.storage() == w.storage()))
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
