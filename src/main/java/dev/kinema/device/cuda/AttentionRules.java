package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.AttentionGradient;
import dev.kinema.graph.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Attention on the [B, S, D] layout, in the type of activations; log-sums in F32. The backward pass computes probabilities again. */
final class AttentionRules {
    private AttentionRules() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Attention.class, AttentionRules::forward);
        rules.put(AttentionGradient.class, AttentionRules::gradient);
    }

    /** Mask and random state, which are the last inputs of both passes; null where absent. */
    private record Extras(Buffer mask, Buffer random) {
        static Extras of(Lowering l, Node node, Attention op) {
            int last = node.inputs().size() - 1;
            Buffer random = op.dropout() > 0 ? l.of(node.input(last)) : null;
            Buffer mask = op.masked() ? l.of(node.input(random == null ? last : last - 1)) : null;
            return new Extras(mask, random);
        }

        List<Buffer> and(Buffer... others) {
            List<Buffer> all = new ArrayList<>(List.of(others));
            if (mask != null) {
                all.add(mask);
            }
            if (random != null) {
                all.add(random);
            }
            return all;
        }

        long maskAddress() {
            return mask == null ? 0 : mask.address();
        }

        long randomAddress() {
            return random == null ? 0 : random.address();
        }
    }

    private static void forward(Lowering l, Node node) {
        Attention op = (Attention) node.op();
        Buffer q = l.of(node.input(0), l.compute());
        Buffer k = l.of(node.input(1), l.compute());
        Buffer v = l.of(node.input(2), l.compute());
        Extras extras = Extras.of(l, node, op);
        Buffer y = l.define(node.output(0), l.compute());
        Buffer logs = l.define(node.output(1));
        int queries = q.shape().dim(1);
        int keys = k.shape().dim(1);
        int depth = q.shape().dim(2) / op.heads();
        l.step("attention.forward", extras.and(q, k, v), List.of(y, logs), stream -> Kinema.kn_attention_forward(y.address(),
            logs.address(), q.address(), k.address(), v.address(), extras.maskAddress(), extras.randomAddress(), q.shape().dim(0), queries,
            keys, op.heads(), depth, op.causal() ? 1 : 0, op.dropout(), op.salt(), q.code(), stream));
    }

    private static void gradient(Lowering l, Node node) {
        Attention op = ((AttentionGradient) node.op()).forward();
        Buffer dy = l.of(node.input(0), l.compute());
        Buffer q = l.of(node.input(1), l.compute());
        Buffer k = l.of(node.input(2), l.compute());
        Buffer v = l.of(node.input(3), l.compute());
        Buffer y = l.of(node.input(4), l.compute());
        Buffer logs = l.of(node.input(5), DType.F32);
        Extras extras = Extras.of(l, node, op);
        Buffer dq = l.define(node.output(0), l.compute());
        Buffer dk = l.define(node.output(1), l.compute());
        Buffer dv = l.define(node.output(2), l.compute());
        int queries = q.shape().dim(1);
        int keys = k.shape().dim(1);
        int depth = q.shape().dim(2) / op.heads();
        Buffer workspace = l.scratch(Kinema.kn_attention_gradient_workspace(q.shape().dim(0), queries, op.heads()), "attention");
        l.step("attention.gradient", extras.and(dy, q, k, v, y, logs), List.of(dq, dk, dv, workspace),
            stream -> Kinema.kn_attention_gradient(dq.address(), dk.address(), dv.address(), dy.address(), q.address(), k.address(),
                v.address(), y.address(), logs.address(), extras.maskAddress(), extras.randomAddress(), q.shape().dim(0), queries, keys,
                op.heads(), depth, op.causal() ? 1 : 0, op.dropout(), op.salt(), q.code(), workspace.address(), stream));
    }
}
