package dev.kinema.device.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Mean and biased variance of each channel of a float32 batch, in one pass. oneDNN's own batch norm sums in float32, which through the fifty
 * norms of a residual network costs a digit: enough to turn ReLUs of units that float32 PyTorch, which sums in double, gets right. Here a few
 * numbers are summed in float32, and such sums in double; each channel's first number is subtracted from it beforehand, so that squares do
 * not cancel where the mean is large. The order of summing is that of the memory, whatever the number of threads.
 */
final class BatchStatistics {
    /** Numbers that are added up in float32. */
    private static final int FEW = 16;
    /** Elements of a run of a plain buffer. */
    private static final int RUN = 1 << 16;

    private final FloatBuffer x;
    private final FloatBuffer mean;
    private final FloatBuffer variance;
    private final int channels;
    /** Channels that lie side by side in a run: 16 in a blocked layout, else as many as a tile takes. */
    private final int lanes;
    /** Groups of so many channels. */
    private final int groups;
    private final boolean blocked;
    private final int positions;
    private final int rowsPerRun;
    /** Runs of memory that hold a group: the clips, in a blocked layout. */
    private final int runsPerGroup;
    /** By run and lane. */
    private final double[] sums;
    private final double[] squares;

    /** Whether the buffer is stored in one of the two forms that are summed as they lie. */
    static boolean reads(Buffer x) {
        return x.isPlain() || x.shape().last() % 16 == 0 && x.layout().equals(Layouts.videoBlocked(x.shape(), x.dtype()));
    }

    /** To be made when addresses are known. */
    BatchStatistics(Buffer x, Buffer mean, Buffer variance) {
        channels = x.shape().last();
        blocked = !x.isPlain();
        lanes = blocked ? 16 : Math.min(channels, Tile.SIZE);
        groups = (channels + lanes - 1) / lanes;
        positions = x.elements() / channels;
        rowsPerRun = blocked ? positions / x.shape().dim(0) : Math.max(1, RUN / lanes);
        runsPerGroup = (positions + rowsPerRun - 1) / rowsPerRun;
        this.x = x.floats();
        this.mean = mean.floats();
        this.variance = variance.floats();
        sums = new double[runs() * lanes];
        squares = new double[runs() * lanes];
    }

    /** How many pieces there are that {@link #add} may add up at the same time. */
    int runs() {
        return runsPerGroup * groups;
    }

    /** Elements of a run. */
    int runSize() {
        return rowsPerRun * lanes;
    }

    /** Adds up runs {@code from} to {@code to}. */
    void add(int from, int to) {
        Tile tile = Tile.own();
        for (int run = from; run < to; run++) {
            int group = run % groups;
            int width = Math.min(lanes, channels - group * lanes);
            int first = run / groups * rowsPerRun;
            int rows = Math.min(rowsPerRun, positions - first);
            Arrays.fill(sums, run * lanes, (run + 1) * lanes, 0);
            Arrays.fill(squares, run * lanes, (run + 1) * lanes, 0);
            if (blocked || groups == 1) {
                add(tile, run, width, blocked ? run * rowsPerRun * lanes : first * channels, rows * width);
            } else {
                for (int row = first; row < first + rows; row++) {
                    add(tile, run, width, row * channels + group * lanes, width);
                }
            }
        }
    }

    /** Adds {@code count} elements that lie one after the other, rows of {@code width}. */
    private void add(Tile tile, int run, int width, int at, int count) {
        int full = Tile.SIZE / width * width;
        shifts(tile.w, run % groups, width, full);
        float[] few = tile.y;
        float[] squared = tile.z;
        for (int done = 0; done < count;) {
            Arrays.fill(few, 0, full, 0);
            Arrays.fill(squared, 0, full, 0);
            for (int t = 0; t < FEW && done < count; t++) {
                int size = Math.min(full, count - done);
                x.get(at + done, tile.x, 0, size);
                accumulate(tile, size);
                done += size;
            }
            for (int i = 0; i < full; i += width) {
                for (int c = 0; c < width; c++) {
                    sums[run * lanes + c] += few[i + c];
                    squares[run * lanes + c] += squared[i + c];
                }
            }
        }
    }

    private static void accumulate(Tile tile, int size) {
        float[] values = tile.x;
        float[] few = tile.y;
        float[] squared = tile.z;
        float[] shifts = tile.w;
        for (int i = 0; i < size; i++) {
            float d = values[i] - shifts[i];
            few[i] += d;
            squared[i] += d * d;
        }
    }

    private void shifts(float[] shifts, int group, int width, int count) {
        for (int c = 0; c < width; c++) {
            shifts[c] = shift(group * lanes + c);
        }
        for (int i = width; i < count; i++) {
            shifts[i] = shifts[i - width];
        }
    }

    /** A channel's first number. */
    private float shift(int channel) {
        return x.get(blocked ? channel / lanes * rowsPerRun * lanes + channel % lanes : channel);
    }

    /** Stores what all runs together make. */
    void finish() {
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            double square = 0;
            for (int run = c / lanes; run < runs(); run += groups) {
                sum += sums[run * lanes + c % lanes];
                square += squares[run * lanes + c % lanes];
            }
            double m = sum / positions;
            mean.put(c, (float) (shift(c) + m));
            variance.put(c, (float) Math.max(0, square / positions - m * m));
        }
    }
}
