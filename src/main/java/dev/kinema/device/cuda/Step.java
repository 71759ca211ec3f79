package dev.kinema.device.cuda;

import dev.kinema.graph.Node;
import java.util.List;

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
    }
}
