package dev.kinema.benchmarks.peers;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.RingEnqueue;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A graph's queues, in which new keys take the places of the oldest. */
final class LibtorchQueues {
    private final List<Node> nodes;
    private int enqueued;

    LibtorchQueues(Graph graph) {
        nodes = graph.nodes().stream().filter(node -> node.op() instanceof RingEnqueue).toList();
    }

    /** Whether the value is enqueued, so that it is needed until the end of a run. */
    boolean take(Value value) {
        return nodes.stream().anyMatch(node -> node.input(2).equals(value));
    }

    /** New keys over the oldest; from the front where they do not fit the rest, as if the queue were a multiple of them. */
    void enqueue(Map<Value, Tensor> values) {
        for (Node node : nodes) {
            Tensor queue = values.get(node.input(0));
            Tensor keys = values.get(node.input(2));
            int from = enqueued + keys.size(0) > queue.size(0) ? 0 : enqueued;
            queue.narrow(0, from, keys.size(0)).copy_(keys);
            enqueued = from + (int) keys.size(0);
        }
    }
}
