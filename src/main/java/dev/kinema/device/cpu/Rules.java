package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Op;
import java.util.HashMap;
import java.util.Map;

/** Which rule lowers which operation. */
final class Rules {
    private static final Map<Class<? extends Op>, Rule> RULES = new HashMap<>();

    /** Turns a node into steps. */
    @FunctionalInterface
    interface Rule {
        void lower(Lowering lowering, Node node);
    }

    static {
        Convolutions.register(RULES);
        Pooling.register(RULES);
        Normalization.register(RULES);
        Products.register(RULES);
        Elementwise.register(RULES);
        Shapes.register(RULES);
        Reductions.register(RULES);
        AttentionRules.register(RULES);
        Losses.register(RULES);
        Contrastive.register(RULES);
        Updates.register(RULES);
    }

    private Rules() {}

    static Rule of(Op op) {
        Rule rule = RULES.get(op.getClass());
        if (rule == null) {
            throw new KinemaException("the cpu device has no rule for " + op.opName());
        }
        return rule;
    }
}
