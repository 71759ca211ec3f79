package dev.kinema.device.cuda;

import dev.kinema.device.ProgramStep;
import dev.kinema.graph.Node;
import java.util.List;
import java.util.stream.Stream;

/**
 * One thing a program does per run: one or a few kernels put on a stream.
 *
 * @param node the node it belongs to
 * @param what the kernel, for descriptions
 * @param reads the buffers it reads
 * @param writes the buffers it writes; scratch memory counts as written
 * @param launch calls the C interface
 */
record Step(Node node, String what, List<Buffer> reads, List<Buffer> writes, Launch launch) {
    /** A call of the C interface, or several; it allocates nothing and asks buffers for their addresses when it is called. */
    @FunctionalInterface
    interface Launch {
        /** @return the status of the first call that failed, else {@code KN_OK} */
        int on(long stream);

        /** Is called once, when buffers have the addresses that they keep; what it copies has arrived when it returns. */
        default void placed(long stream) {}
    }

    /** Node, kernel, scope, as in {@code %12 Conv3d: conv3d.forward  # res2/1}. */
    @Override
    public String toString() {
        return "%" + node.id() + " " + node.op().opName() + ": " + what + (node.scope().isEmpty() ? "" : "  # " + node.scope());
    }

    /** The step as profiles show it. */
    ProgramStep described() {
        long bytes = Stream.concat(reads.stream(), writes.stream()).filter(b -> !b.storage().scratch).mapToLong(Buffer::bytes).sum();
        return new ProgramStep(node, what, isReorder(), bytes);
    }

    /** Whether it only moves data, or stores them in another type. */
    private boolean isReorder() {
        return what.equals("copy") || what.equals("elementwise.convert");
    }
}
