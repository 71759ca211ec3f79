package dev.kinema.cli;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** A list of features by their likeness to one of them or another. */
final class NearestRows {
    private NearestRows() {}

    /** A row that was found, and its cosine with what was asked for. */
    record Row(int index, double cosine) {}

    /** The rows of greatest cosine with a query, the nearest first, without row {@code excluded} (-1 for none). */
    static List<Row> of(float[] query, float[][] rows, int excluded, int count) {
        return IntStream.range(0, rows.length).filter(i -> i != excluded).mapToObj(i -> new Row(i, cosine(query, rows[i])))
            .sorted(Comparator.comparingDouble(Row::cosine).reversed()).limit(count).toList();
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squaresA = 0;
        double squaresB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squaresA += (double) a[i] * a[i];
            squaresB += (double) b[i] * b[i];
        }
        double lengths = Math.sqrt(squaresA * squaresB);
        return lengths > 0 ? product / lengths : 0;
    }

    /** The places 0 to {@code count}, exclusive: what each row must not find, itself. */
    static int[] selves(int count) {
        return IntStream.range(0, count).toArray();
    }
}
