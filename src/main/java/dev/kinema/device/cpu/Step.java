package dev.kinema.device.cpu;

import dev.kinema.device.ProgramStep;
import dev.kinema.graph.Node;
import java.util.List;
import java.util.stream.Stream;

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

    /** The step as profiles show it. */
    ProgramStep described() {
        long bytes = Stream.concat(reads.stream(), writes.stream()).filter(b -> !b.storage().scratch).mapToLong(Buffer::storedBytes).sum();
        return new ProgramStep(node, what, isReorder(), bytes);
    }
}
