package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;

/** What a run puts on its streams, kept as a CUDA graph. */
final class Replay implements AutoCloseable {
    private long graph;

    /** Whether there is a graph to launch. */
    boolean isThere() {
        return graph != 0;
    }

    /** Keeps what {@code run} puts on the stream, and on those that wait for it; nothing of it is done. */
    void capture(long stream, Runnable run) {
        CudaLibrary.check(Kinema.kn_graph_begin(stream));
        boolean complete = false;
        try {
            run.run();
            complete = true;
        } finally {
            long captured = Kinema.kn_graph_end(stream);
            if (complete) {
                graph = CudaLibrary.made(captured);
            } else if (captured != 0) {
                CudaLibrary.check(Kinema.kn_graph_destroy(captured));
            }
        }
    }

    void launch(long stream) {
        CudaLibrary.check(Kinema.kn_graph_launch(graph, stream));
    }

    @Override
    public void close() {
        if (graph != 0) {
            long ended = graph;
            graph = 0;
            CudaLibrary.check(Kinema.kn_graph_destroy(ended));
        }
    }
}
