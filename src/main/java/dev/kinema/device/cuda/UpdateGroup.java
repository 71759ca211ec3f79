package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Sgd;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Updates by one rule of tensors that do not depend on each other: one step, and one launch, two for LARS. The kernels find the tensors in a
 * table in memory of the device, which is written once: addresses stay as they are for as long as a program lives.
 */
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
    private Buffer table;
    /** Of threads, for all tensors. */
    private long blocks;

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
                List<Buffer> read = step.reads().stream().filter(b -> b != group.table).toList();
                l.replace(back, group.with(l, row, step.node(), joined(read, reads), joined(written, writes)));
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
        table = l.table(rows(false).length, "tensors");
        if (op instanceof Lars) {
            scratch = l.scratch(Kinema.kn_optimizer_lars_workspace(count(rows(false))), "norms");
            written = joined(writes, List.of(scratch));
        }
        String what = "optimizer." + kernel() + " of " + rows.size() + (rows.size() == 1 ? " tensor" : " tensors");
        return new Step(node, what, joined(reads, List.of(table)), written, this);
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

    /**
     * A row for each tensor, and room for what the kernels count.
     *
     * @param placed whether buffers have addresses, which are 0 here else
     */
    private long[] rows(boolean placed) {
        int columns = Kinema.KN_OPTIMIZER_COLUMNS;
        long[] table = new long[rows.size() * columns + rows.size() + 1];
        for (int r = 0; r < rows.size(); r++) {
            for (int c = 0; c < ELEMENTS && placed; c++) {
                Buffer buffer = rows.get(r)[c];
                table[r * columns + c] = buffer == null ? 0 : buffer.address();
            }
            table[r * columns + ELEMENTS] = rows.get(r)[PARAMETER].elements();
        }
        return table;
    }

    /** Completes the table. @return blocks */
    private long count(long[] table) {
        long counted = Kinema.kn_optimizer_blocks(table, rows.size());
        if (counted < 0) {
            throw CudaLibrary.failure();
        }
        return counted;
    }

    @Override
    public void placed(long stream) {
        long[] all = rows(true);
        blocks = count(all);
        try (HostMemory host = new HostMemory(new Type(DType.I64, Shape.of(all.length)), "tables of updates")) {
            for (int i = 0; i < all.length; i++) {
                host.array().set(i, all[i]);
            }
            CudaLibrary.check(Kinema.kn_copy_to_device(table.address(), host.address(), host.bytes(), stream));
            CudaLibrary.check(Kinema.kn_stream_synchronize(stream));
        }
    }

    @Override
    public int on(long stream) {
        int count = rows.size();
        int code = Buffer.code(gradients);
        if (op instanceof Sgd o) {
            return Kinema.kn_optimizer_sgd(table.address(), count, blocks, o.momentum(), o.dampening(), o.nesterov() ? 1 : 0,
                o.weightDecay(), code, stream);
        }
        if (op instanceof Lars o) {
            return Kinema.kn_optimizer_lars(table.address(), count, blocks, o.momentum(), o.dampening(), o.nesterov() ? 1 : 0,
                o.weightDecay(), o.trust(), o.epsilon(), o.clip() ? 1 : 0, code, scratch.address(), stream);
        }
        if (op instanceof Adam o) {
            return Kinema.kn_optimizer_adam(table.address(), count, blocks, o.beta1(), o.beta2(), o.epsilon(), o.weightDecay(),
                o.decoupled() ? 1 : 0, code, stream);
        }
        return Kinema.kn_optimizer_average(table.address(), count, blocks, code, stream);
    }
}
