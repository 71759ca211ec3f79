package dev.kinema.device.cuda;

import dev.kinema.device.Schedule;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.AttentionGradient;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.GeluGradient;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Pad;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.Transpose;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which values that are no video may be stored in the type of computation, as all who read them round them to it, at once or after a
 * function of single elements. Products and attention round their operands. What a residual sum, a norm or an optimizer reads stays in
 * float32; so do sums that are read by other sums alone. A bias' gradient is summed, in float32, of what the products beside it read.
 */
final class Rounding {
    private final Graph graph;
    private final Schedule schedule;
    private final Map<Value, Boolean> decided = new HashMap<>();

    Rounding(Graph graph, Schedule schedule) {
        this.graph = graph;
        this.schedule = schedule;
    }

    boolean isRounded(Value value) {
        Boolean known = decided.get(value);
        if (known == null) {
            known = decide(value);
            decided.put(value, known);
        }
        return known;
    }

    private boolean decide(Value value) {
        List<Node> readers = schedule.consumers(value).stream().filter(n -> !(n.op() instanceof Reduce)).toList();
        return !readers.isEmpty() && !graph.outputs().containsValue(value) && readers.stream().allMatch(n -> rounds(n, value));
    }

    private boolean rounds(Node reader, Value value) {
        Op op = reader.op();
        int last = reader.inputs().lastIndexOf(value);
        if (op instanceof Linear || op instanceof MatMul) {
            return last < 2;
        }
        if (op instanceof Attention) {
            return last < 3;
        }
        if (op instanceof AttentionGradient) {
            return last < 5;
        }
        if (op instanceof ReluGradient && reader.input(0) != value) {
            return true;  // it asks for the sign
        }
        return passes(reader) && isRounded(reader.output(0));
    }

    /** Whether it moves elements, or computes each of its result's from one of each operand's and rounds that as its operand. */
    private static boolean passes(Node node) {
        Op op = node.op();
        boolean moves = Schedule.isView(node) || op instanceof Slice || op instanceof Pad || op instanceof Transpose || op instanceof Concat;
        return moves || op instanceof Relu || op instanceof ReluGradient || op instanceof Gelu || op instanceof GeluGradient
            || op instanceof Dropout;
    }
}
