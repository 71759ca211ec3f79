package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Op;
import java.util.HashMap;
import java.util.Map;

/** Which rule lowers which operation: one file of rules per family of kernels. */
final class Rules {
    private static final Map<Class<? extends Op>, Rule> RULES = new HashMap<>();

    /** Turns a node into steps. */
    @FunctionalInterface
    interface Rule {
        void lower(Lowering lowering, Node node);
    }

    static {
        AttentionRules.register(RULES);
        BatchContrast.register(RULES);
        BatchNorms.register(RULES);
        Contrast.register(RULES);
        Convolutions.register(RULES);
        Dropouts.register(RULES);
        Elementwise.register(RULES);
        Frames.register(RULES);
        LayerNorms.register(RULES);
        Losses.register(RULES);
        Movements.register(RULES);
        Pooling.register(RULES);
        Products.register(RULES);
        Reductions.register(RULES);
        Updates.register(RULES);
    }

    private Rules() {}

    static boolean has(Class<? extends Op> op) {
        return RULES.containsKey(op);
    }

    static Rule of(Op op) {
        Rule rule = RULES.get(op.getClass());
        if (rule == null) {
            throw new KinemaException("the cuda device has no rule for " + op.opName() + ": run this graph on cpu");
        }
        return rule;
    }
}
