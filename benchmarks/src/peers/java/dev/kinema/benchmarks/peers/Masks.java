package dev.kinema.benchmarks.peers;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Attention;

/** Which inputs are masks, that other engines take in another type than bytes. */
final class Masks {
    private Masks() {}

    /** Whether an input of bytes is read as the mask of attention alone, 1 at keys that must not be attended to. */
    static boolean isMask(Graph graph, Value input) {
        return input.dtype() == DType.U8 && graph.nodes().stream().filter(node -> node.inputs().contains(input))
            .allMatch(node -> node.op() instanceof Attention attention && attention.masked() && node.input(3).equals(input));
    }
}
