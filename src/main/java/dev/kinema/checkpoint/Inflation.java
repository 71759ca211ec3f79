package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;

/**
 * What to do with a convolution kernel that lacks extent in time: [O, I, 1, h, w] or, from an image network, [O, I, h, w] where
 * [O, I, T, h, w] is expected. An example is the 1x7x7 stem of a published Slow, wanted as the 5x7x7 stem of Slow-D.
 */
public enum Inflation {
    /** Refuse it, as any other wrong shape. The default. */
    REFUSE,
    /** The kernel at index T/2, zeros elsewhere: at first the network answers as it did on single frames. */
    CENTRE,
    /**
     * The kernel T times, each divided by T: on a still film the response is the same. This is what PySlowFast does for image
     * networks (slowfast/utils/checkpoint.py, inflate_weight) and I3D did before (Carreira and Zisserman 2017, section 2.4.1).
     */
    REPEAT;

    /** Whether a kernel of the shape {@code from} can become one of the shape {@code to}. */
    boolean applies(Shape from, Shape to) {
        if (this == REFUSE || to.rank() != 5 || from.rank() < 4 || from.rank() > 5) {
            return false;
        }
        boolean sameEnds = from.dim(0) == to.dim(0) && from.dim(1) == to.dim(1)
                && from.dim(from.rank() - 2) == to.dim(3) && from.dim(from.rank() - 1) == to.dim(4);
        return sameEnds && (from.rank() == 4 || from.dim(2) == 1);
    }

    /** The inflated kernel, of the same element type, F32 or F64. */
    HostArray inflate(String name, HostArray kernel, Shape to) {
        if (kernel.dtype() != DType.F32 && kernel.dtype() != DType.F64) {
            throw new KinemaException(Quoted.of(name) + " is " + kernel.dtype()
                    + ": only F32 and F64 kernels can be inflated, convert it first");
        }
        HostArray out = HostArray.allocate(kernel.dtype(), to);
        ByteBuffer from = kernel.buffer();
        ByteBuffer into = out.buffer();
        int width = kernel.dtype().bytes();
        int frames = to.dim(2);
        int plane = to.dim(3) * to.dim(4) * width;
        while (from.remaining() > 0) {
            for (int t = 0; t < frames; t++) {
                ByteBuffer frame = from.slice(from.position(), plane).order(from.order());
                if (this == REPEAT) {
                    copyDivided(frame, into, kernel.dtype(), frames);
                } else if (t == frames / 2) {
                    into.put(frame);
                } else {
                    into.position(into.position() + plane);
                }
            }
            from.position(from.position() + plane);
        }
        return out;
    }

    private static void copyDivided(ByteBuffer frame, ByteBuffer into, DType dtype, int divisor) {
        while (frame.hasRemaining()) {
            if (dtype == DType.F32) {
                into.putFloat(frame.getFloat() / divisor);
            } else {
                into.putDouble(frame.getDouble() / divisor);
            }
        }
    }
}
