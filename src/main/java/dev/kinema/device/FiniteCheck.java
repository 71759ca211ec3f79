package dev.kinema.device;

import dev.kinema.KinemaException;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Variable;
import java.util.List;

/**
 * What devices look at, and say, where {@link Compilation#checkFinite} is on. No operation computes an infinity from finite numbers
 * unless it overflows (a row of attention that sees nothing has the log-sum 0), so no output is exempt.
 */
public final class FiniteCheck {
    private FiniteCheck() {}

    /** The outputs of a node that are to be looked at: the floating ones, unless they only rename what was looked at before. */
    public static List<Value> of(Node node) {
        return Schedule.isView(node) ? List.of() : node.outputs().stream().filter(v -> v.dtype().isFloating()).toList();
    }

    /**
     * The error that names a value.
     *
     * @param count how many of its elements are NaN or infinite
     */
    public static KinemaException failure(Value value, long count) {
        return new KinemaException(name(value) + ": " + count + " of " + value.shape().elements() + " numbers are NaN or infinite,"
            + " and all that was computed before is finite: " + remedy(value.node()));
    }

    private static String name(Value value) {
        Node node = value.node();
        if (node.op() instanceof Input input) {
            return "input '" + input.name() + "'";
        }
        if (node.op() instanceof Variable variable) {
            return "variable '" + variable.name() + "'";
        }
        if (Graph.isVariable(value)) {
            return "variable '" + Graph.variableOf(value) + "', written by " + node.op().opName();
        }
        return "output " + value.index() + " of " + node.op().opName() + (node.scope().isEmpty() ? "" : " in " + node.scope());
    }

    private static String remedy(Node node) {
        if (node.op() instanceof Input) {
            return "check what is fed to the program";
        }
        return node.op() instanceof Variable ? "go back to weights that were saved before" : "look at what goes into this node";
    }
}
