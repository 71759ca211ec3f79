package dev.kinema.device.cpu;

import dev.kinema.device.FiniteCheck;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Steps that look for NaN and infinities in what a node has just computed. They read the value row by row, as an output would be, so that
 * what pads a blocked layout is not looked at, nor is scratch memory.
 */
final class FiniteSteps {
    /** Bytes that one view covers; one buffer of Java holds at most 2 GiB. */
    private static final long PART = 1L << 30;

    private FiniteSteps() {}

    /** Appends them after the steps of the node. What is known by samples alone is looked at where it is added to another value. */
    static void append(Lowering l, Node node) {
        for (Value value : FiniteCheck.of(node)) {
            if (l.hints().samples(value) != null) {
                continue;
            }
            Buffer buffer = l.plain(value, DType.F32);
            l.step("finite", List.of(buffer), List.of(), p -> {
                FloatBuffer[] parts = parts(buffer);
                return () -> {
                    long count = 0;
                    for (FloatBuffer part : parts) {
                        count += notFinite(part);
                    }
                    if (count > 0) {
                        throw FiniteCheck.failure(value, count);
                    }
                };
            });
        }
    }

    private static FloatBuffer[] parts(Buffer buffer) {
        List<FloatBuffer> parts = new ArrayList<>();
        long bytes = buffer.shape().elements() * buffer.dtype().bytes();
        for (long at = 0; at < bytes; at += PART) {
            parts.add(Memory.view(buffer.storage().address() + at, Math.min(PART, bytes - at)).asFloatBuffer());
        }
        return parts.toArray(FloatBuffer[]::new);
    }

    private static int notFinite(FloatBuffer values) {
        int count = 0;
        for (int i = 0; i < values.capacity(); i++) {
            count += Float.isFinite(values.get(i)) ? 0 : 1;
        }
        return count;
    }
}
