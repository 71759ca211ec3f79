package dev.kinema.device;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BinaryCrossEntropy;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.MeanSquaredError;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import java.util.stream.IntStream;

/** Losses. */
final class LossCases {
    private LossCases() {}

    static void addTo(OpCases cases) {
        crossEntropy(cases, "", 5, 17, SoftmaxCrossEntropy.IGNORED, 0);
        crossEntropy(cases, " of one row", 1, 2, SoftmaxCrossEntropy.IGNORED, 0);
        crossEntropy(cases, " smoothed", 17, 5, SoftmaxCrossEntropy.IGNORED, 0.1);
        crossEntropy(cases, " ignoring a class", 16, 3, 1, 0);
        crossEntropy(cases, " ignoring a class, smoothed", 16, 3, 2, 0.2);
        cases.add("SoftmaxCrossEntropy ignoring all rows", g -> {
            Value logits = g.floats("logits", 3, 5);
            Value labels = g.integers("labels", HostArrays.ofInts(Shape.of(3), -100, -100, -100));
            g.result(SoftmaxCrossEntropy.of(logits, labels), logits);
        });
        cases.add("BinaryCrossEntropy", g -> {
            Value logits = g.floats("logits", 3, 17);
            g.result(BinaryCrossEntropy.of(logits, g.uniform("targets", 0, 1, 3, 17)), logits);
        });
        cases.add("BinaryCrossEntropy far out", g -> {
            Value logits = g.uniform("logits", -60, 60, 33);
            g.result(BinaryCrossEntropy.of(logits, g.uniform("targets", 0, 1, 33)), logits);
        });
        cases.add("MeanSquaredError", g -> {
            Value a = g.floats("a", 3, 17);
            Value b = g.parameter("b", 1, 3, 17);
            g.result(MeanSquaredError.of(a, b), a, b);
        });
        infoNce(cases, 1, 2, 5, 0.5);
        infoNce(cases, 8, 16, 64, 0.1);
        infoNce(cases, 5, 17, 33, 0.2);
        bothWays(cases, 24, 70);
        bothWays(cases, 7, 600);
        partial(cases, "1 of 5 rows", 5, 17, 33, 1, 0);
        partial(cases, "3 of 5 rows", 5, 17, 33, 3, 0);
        partial(cases, "5 of 5 rows", 5, 17, 33, 5, 0);
        partial(cases, "1 of 1 row with owners", 1, 8, 7, 1, 3);
        partial(cases, "rows with owners", 8, 16, 64, 0, 4);
        partial(cases, "3 of 5 rows with owners", 5, 17, 33, 3, 4);
        partial(cases, "rows of the one owner of the queue, which leaves the positive", 5, 17, 33, 0, 1);
        partial(cases, "3 of 4 rows with owners, queue of a chunk and a rest", 4, 3, 4096 + 905, 3, 5);
        cases.add("InBatchInfoNce of 1, which has no negatives", g -> {
            Value a = L2Normalize.of(g.floats("a", 1, 17));
            g.output("logSums", InBatchInfoNce.of(a, L2Normalize.of(g.floats("b", 1, 17)), 0.1).output(1));
        });
        for (int n : new int[] {2, 5, 17}) {
            cases.add("InBatchInfoNce of " + n, g -> {
                Value a = g.floats("a", n, 17);
                Value b = g.floats("b", n, 17);
                g.result(InBatchInfoNce.of(L2Normalize.of(a), L2Normalize.of(b), 0.1).output(0), a, b);
            });
        }
        for (int n : new int[] {3, 65}) {
            cases.add("InBatchInfoNce of two views of " + n, g -> {
                Value x = g.floats("x", 2 * n, 24);
                Value rows = L2Normalize.of(x);
                g.result(InBatchInfoNce.of(Slice.of(rows, 0, 0, n), Slice.of(rows, 0, n, n), 0.1).output(0), x);
            });
        }
    }

    private static void crossEntropy(OpCases cases, String name, int rows, int classes, int ignored, double smoothing) {
        cases.add("SoftmaxCrossEntropy" + name, g -> {
            Value logits = g.floats("logits", rows, classes);
            g.result(SoftmaxCrossEntropy.of(logits, g.integers("labels", DType.I32, classes, rows), ignored, smoothing), logits);
        });
    }

    private static void infoNce(OpCases cases, int rows, int width, int capacity, double temperature) {
        cases.add("InfoNce of " + rows + " rows, queue " + capacity, g -> {
            Value q = g.floats("q", rows, width);
            Value k = g.floats("k", rows, width);
            Value queue = L2Normalize.of(g.state("queue", -1, 1, capacity, width));
            var loss = InfoNce.of(L2Normalize.of(q), L2Normalize.of(k), queue, temperature);
            g.output("logSums", loss.output(1));
            g.output("rank", loss.output(2));
            g.result(loss.output(0), q, k);
        });
    }

    /** Both ways, of two halves of rows each, as MoCo has it; all of unit length. */
    private static void bothWays(OpCases cases, int width, int capacity) {
        cases.add("InfoNce both ways, queue " + capacity + " of width " + width, g -> {
            Value x = g.floats("x", 10, width);
            Value rows = L2Normalize.of(x);
            Value keys = L2Normalize.of(g.floats("keys", 10, width));
            Value queue = L2Normalize.of(g.state("queue", -1, 1, capacity, width));
            var forth = InfoNce.ofUnitLength(Slice.of(rows, 0, 0, 5), Slice.of(keys, 0, 5, 5), queue, 0.2, null, null, null);
            var back = InfoNce.ofUnitLength(Slice.of(rows, 0, 5, 5), Slice.of(keys, 0, 0, 5), queue, 0.2, null, null, null);
            g.output("rows", rows);
            g.result(Add.of(forth.output(0), back.output(0)), x);
        });
    }

    /**
     * InfoNCE with padding rows and owners; where it is known that rows are of unit length, and where it is not.
     *
     * @param count rows that take part; 0: all, without the input
     * @param owners how many there are, of which one is nobody where there are more; 0: no such inputs
     */
    private static void partial(OpCases cases, String name, int rows, int width, int capacity, int count, int owners) {
        partial(cases, name, rows, width, capacity, count, owners, InfoNce::of);
        partial(cases, "unit length, " + name, rows, width, capacity, count, owners, InfoNce::ofUnitLength);
    }

    /** One of InfoNCE's ways of being added to a graph. */
    @FunctionalInterface
    private interface Adding {
        Node of(Value q, Value k, Value queue, double temperature, Value count, Value owners, Value queueOwners);
    }

    private static void partial(OpCases cases, String name, int rows, int width, int capacity, int count, int owners, Adding adding) {
        cases.add("InfoNce of " + name, g -> {
            Value q = g.floats("q", rows, width);
            Value k = g.floats("k", rows, width);
            Value queue = L2Normalize.of(g.state("queue", -1, 1, capacity, width));
            Value counted = count == 0 ? null : g.integers("count", HostArrays.ofInts(Shape.of(1), count));
            Value mine = owners == 0 ? null : g.integers("owners", HostArrays.ofInts(Shape.of(rows), ownersOf(rows, owners)));
            Value theirs = owners == 0 ? null : g.owners("queue.owners", ownersOf(capacity, owners));
            Node loss = adding.of(L2Normalize.of(q), L2Normalize.of(k), queue, 0.2, counted, mine, theirs);
            g.output("logSums", loss.output(1));
            if (capacity < 1000) {
                // among thousands, how many score higher depends on the last bit of the data
                g.output("rank", loss.output(2));
            }
            g.result(loss.output(0), q, k);
        });
    }

    /** In turn; the second is nobody. */
    private static long[] ownersOf(int rows, int owners) {
        return IntStream.range(0, rows).mapToLong(r -> r % owners == 1 ? InfoNce.NO_OWNER : r % owners).toArray();
    }
}
