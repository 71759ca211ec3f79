package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/**
 * Mean and biased variance of each channel of a batch, in one pass summed in double. oneDNN's own batch norm sums in float32, which through the
 * fifty norms of a residual network costs a digit: enough to turn ReLUs of units that float32 PyTorch, which sums in double too, gets right.
 */
final class BatchStatistics {
    private final FloatBuffer floats;
    private final ShortBuffer shorts;
    private final FloatBuffer mean;
    private final FloatBuffer variance;
    private final double[] sums;
    private final double[] squares;
    private final int channels;
    /** Channels that lie side by side: all of them, or 16 in a blocked layout. */
    private final int lanes;
    private final int batches;
    private final int positions;

    /** Whether the buffer is stored in one of the two forms that are summed as they lie. */
    static boolean reads(Buffer x) {
        return x.isPlain()
            || x.shape().last() % 16 == 0 && x.layout().equals(Layouts.videoBlocked(x.shape(), x.dtype()));
    }

    /** To be made when addresses are known. */
    BatchStatistics(Buffer x, Buffer mean, Buffer variance) {
        channels = x.shape().last();
        lanes = x.isPlain() ? channels : 16;
        batches = x.isPlain() ? 1 : x.shape().dim(0);
        positions = x.elements() / channels / batches;
        floats = x.dtype() == DType.F32 ? x.floats() : null;
        shorts = x.dtype() == DType.BF16 ? x.shorts() : null;
        this.mean = mean.floats();
        this.variance = variance.floats();
        sums = new double[channels];
        squares = new double[channels];
    }

    /** Channels {@code from} to {@code to}; each channel's sum runs in the order of positions, whoever computes it. */
    void channels(int from, int to) {
        for (int start = from; start < to;) {
            int end = Math.min(to, (start / lanes + 1) * lanes);
            for (int c = start; c < end; c++) {
                sums[c] = 0;
                squares[c] = 0;
            }
            for (int n = 0; n < batches; n++) {
                int base = (n * (channels / lanes) + start / lanes) * positions * lanes - start / lanes * lanes;
                if (floats != null) {
                    addFloats(start, end, base);
                } else {
                    addShorts(start, end, base);
                }
            }
            start = end;
        }
        double count = (double) batches * positions;
        for (int c = from; c < to; c++) {
            double m = sums[c] / count;
            mean.put(c, (float) m);
            variance.put(c, (float) Math.max(0, squares[c] / count - m * m));
        }
    }

    private void addFloats(int start, int end, int base) {
        for (int p = 0; p < positions; p++) {
            int row = base + p * lanes;
            for (int c = start; c < end; c++) {
                double v = floats.get(row + c);
                sums[c] += v;
                squares[c] += v * v;
            }
        }
    }

    private void addShorts(int start, int end, int base) {
        for (int p = 0; p < positions; p++) {
            int row = base + p * lanes;
            for (int c = start; c < end; c++) {
                double v = Float.intBitsToFloat(shorts.get(row + c) << 16);
                sums[c] += v;
                squares[c] += v * v;
            }
        }
    }
}
