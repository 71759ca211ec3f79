package dev.kinema.device.cpu;

import java.util.List;

/** The softmax of each row of a float32 table, in place, inside a composite step, with what its gradient needs. */
interface RowSoftmax {
    /**
     * Chooses the faster way.
     *
     * @param gradient whether {@link #backward} is to be bound, too
     */
    static RowSoftmax of(Lowering l, int rows, int width, boolean gradient) {
        return ShortRows.pay(width) ? new ShortRows(rows, width) : new LongRows(l, rows, width, gradient);
    }

    /** What the step is to list as written. */
    List<Buffer> scratch();

    /** Whether {@link #again} reads the logarithms of the rows' sums of exponentials. */
    boolean readsLogSums();

    /**
     * Numbers to probabilities.
     *
     * @param logs of the rows' sums of exponentials, to be written; null where nobody reads them
     */
    Runnable forward(CpuProgram program, Buffer table, Buffer logs);

    /** The same once more, of numbers whose log-sums are known. */
    Runnable again(CpuProgram program, Buffer table, Buffer logs);

    /** With P the probabilities, gradients dP become those of the numbers: P (dP - sum(dP P)). */
    Runnable backward(CpuProgram program, Buffer probabilities, Buffer gradients);
}
