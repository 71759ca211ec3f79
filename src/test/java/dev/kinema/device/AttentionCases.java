package dev.kinema.device;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Attention;

/** Self and cross attention with masks and dropout. */
final class AttentionCases {
    private AttentionCases() {}

    static void addTo(OpCases cases) {
        attention(cases, "self", 2, 5, 5, 16, 4, false, false, 0);
        attention(cases, "of one head", 1, 3, 3, 17, 1, false, false, 0);
        attention(cases, "of one position", 2, 1, 1, 8, 2, false, false, 0);
        attention(cases, "of width 1 per head", 1, 4, 4, 3, 3, false, false, 0);
        attention(cases, "causal", 2, 7, 7, 32, 2, true, false, 0);
        attention(cases, "masked", 3, 5, 5, 16, 2, false, true, 0);
        attention(cases, "masked causal", 3, 5, 5, 16, 2, true, true, 0);
        attention(cases, "cross", 2, 3, 7, 16, 4, false, false, 0);
        attention(cases, "cross masked", 2, 7, 5, 16, 4, false, true, 0);
        attention(cases, "cross causal, more keys", 1, 3, 5, 8, 2, true, false, 0);
        attention(cases, "cross causal, fewer keys", 1, 5, 3, 8, 2, true, false, 0);
        attention(cases, "long", 1, 33, 65, 64, 1, false, true, 0);
        attention(cases, "of over a thousand keys, masked causal", 2, 3, 1101, 8, 2, true, true, 0);
        attention(cases, "of as many keys as a vector", 2, 16, 16, 16, 4, false, false, 0);
        attention(cases, "of 37 keys, masked causal cross with dropout", 3, 34, 37, 16, 2, true, true, 0.25);
        attention(cases, "dropout", 2, 5, 5, 16, 4, false, false, 0.25);
        attention(cases, "dropout between two words", 1, 5, 5, 16, 4, false, false, CaseGraph.probabilityJustAboveAWord(99, 3, 0));
        attention(cases, "dropout masked causal cross", 2, 3, 6, 16, 2, true, true, 0.5);
        unreadLogSums(cases, 7, 6);
        unreadLogSums(cases, 7, 33);
    }

    /** Log-sums that only the gradient has, or nothing: some devices leave them out. */
    private static void unreadLogSums(OpCases cases, int queries, int keys) {
        cases.add("Attention of " + keys + " keys, log-sums not read", g -> {
            Value q = g.floats("q", 3, queries, 16);
            Value k = g.floats("k", 3, keys, 16);
            Value v = g.floats("v", 3, keys, 16);
            g.result(Attention.of(q, k, v, g.integers("mask", mask(3, keys)), 2, false), q, k, v);
        });
    }

    private static void attention(OpCases cases, String name, int batch, int queries, int keys, int width, int heads, boolean causal,
        boolean masked, double dropout) {
        cases.add("Attention " + name, g -> {
            Value q = g.floats("q", batch, queries, width);
            Value k = g.floats("k", batch, keys, width);
            Value v = g.floats("v", batch, keys, width);
            Value mask = masked ? g.integers("mask", mask(batch, keys)) : null;
            Value y = dropout == 0 ? Attention.of(q, k, v, mask, heads, causal)
                : Attention.of(q, k, v, mask, heads, causal, dropout, g.longs("random", 99, 3));
            g.output("logSums", y.node().output(1));
            g.result(y, q, k, v);
        });
    }

    /** Clip 0: its last keys are padding; clip 1: its first is; clip 2: all are, so that its queries see nothing. */
    private static HostArray mask(int batch, int keys) {
        HostArray mask = HostArray.allocate(DType.U8, Shape.of(batch, keys));
        for (int i = 0; i < mask.elements(); i++) {
            int clip = i / keys;
            int key = i % keys;
            mask.set(i, clip == 0 && key >= keys - 2 || clip == 1 && key == 0 || clip == 2 ? 1L : 0L);
        }
        return mask;
    }
}
