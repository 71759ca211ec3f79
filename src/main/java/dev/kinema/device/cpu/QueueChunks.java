package dev.kinema.device.cpu;

import java.util.List;

/** The products of one operand with every chunk of a queue [K, D]: full chunks share one primitive, a last short one has its own. */
final class QueueChunks {
    /** Queue rows whose logits are held at once. */
    private static final int CHUNK = 4096;

    final int count;
    private final int keys;
    private final int width;
    private final boolean back;
    private final Gemm full;
    private final Gemm last;

    /** @param back false: logits [R, chunk] = q queue^T; true: dq [R, D] += logits queue */
    QueueChunks(Lowering l, int rows, int keys, int width, boolean back) {
        this.keys = keys;
        this.width = width;
        this.back = back;
        int size = Math.min(CHUNK, keys);
        count = (keys + size - 1) / size;
        full = gemm(l, rows, size);
        last = keys % size == 0 ? full : gemm(l, rows, keys % size);
    }

    private Gemm gemm(Lowering l, int rows, int size) {
        return back ? Gemm.of(l, rows, width, size, false, false, true) : Gemm.of(l, rows, size, width, false, true, false);
    }

    /** The first key of a chunk. */
    int start(int chunk) {
        return chunk * CHUNK;
    }

    /** How many keys a chunk has. */
    int size(int chunk) {
        return Math.min(CHUNK, keys - start(chunk));
    }

    void scratch(List<Buffer> into) {
        if (full.scratch() != null) {
            into.add(full.scratch());
        }
        if (last != full && last.scratch() != null) {
            into.add(last.scratch());
        }
    }

    /** One product per chunk. */
    Runnable[] bind(CpuProgram p, Buffer rows, Buffer queue, Buffer logits) {
        Runnable[] runs = new Runnable[count];
        for (int c = 0; c < count; c++) {
            Gemm gemm = c == count - 1 ? last : full;
            long part = queue.storage().address() + 4L * start(c) * width;
            runs[c] = back ? gemm.bind(p, logits.storage().address(), part, rows.storage().address())
                : gemm.bind(p, rows.storage().address(), part, logits.storage().address());
        }
        return runs;
    }
}
