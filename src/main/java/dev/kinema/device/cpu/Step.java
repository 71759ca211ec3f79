package dev.kinema.device.cpu;

import dev.kinema.graph.Node;
import java.util.List;

/**
 * One thing a program does per run: a primitive or a loop in Java.
 *
 * @param node the node it belongs to
 * @param what the kernel, for descriptions
 * @param reads the buffers it reads
 * @param writes the buffers it writes; scratch memory counts as written
 * @param binder makes the action once all addresses are known; the action allocates nothing
 */
record Step(Node node, String what, List<Buffer> reads, List<Buffer> writes, Binder binder) {
    /** Resolves addresses. */
    @FunctionalInterface
    interface Binder {
        Runnable bind(CpuProgram program);
    }

    boolean isReorder() {
        return what.startsWith("reorder");
    }
}
