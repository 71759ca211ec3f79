package dev.kinema.metric;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Looking features up: for each query the key of largest cosine. Of keys with the same cosine the first is taken; a feature of length 0 has
 * the cosine 0 with all.
 */
public final class Retrieval {
    /** Stands for no key. */
    public static final int NONE = -1;

    private Retrieval() {
    }

    /** When a key is what a query looks for. */
    @FunctionalInterface
    public interface Match {
        /** Whether key {@code key} is right for query {@code query}, both by their places. */
        boolean holds(int query, int key);
    }

    /** The place of each query's nearest key: [m] for queries [m][d] and keys [n][d]. */
    public static int[] nearest(float[][] queries, float[][] keys) {
        return nearest(queries, keys, none(queries));
    }

    /**
     * The place of each query's nearest key but one.
     *
     * @param excluded [m] the key that each query must not find, such as itself; {@link #NONE} for none
     */
    public static int[] nearest(float[][] queries, float[][] keys, int[] excluded) {
        Features.width(queries, keys);
        checkExcluded(queries, keys.length, excluded);
        double[][] asked = Features.unit(queries);
        double[][] units = Features.unit(keys);
        int[] nearest = new int[queries.length];
        for (int i = 0; i < nearest.length; i++) {
            nearest[i] = NONE;
            double most = 0;
            for (int j = 0; j < keys.length; j++) {
                double cosine = j == excluded[i] ? 0 : Features.dot(asked[i], units[j]);
                if (j != excluded[i] && (nearest[i] == NONE || cosine > most)) {
                    most = cosine;
                    nearest[i] = j;
                }
            }
        }
        return nearest;
    }

    /** A key that was found, by its place, and its cosine with what was asked for. */
    public record Found(int key, double cosine) {}

    /** The keys of largest cosine with a query [d], the nearest first, without key {@code excluded} ({@link #NONE} for none). */
    public static List<Found> nearest(float[] query, float[][] keys, int excluded, int count) {
        float[][] one = {query};
        Features.width(one, keys);
        double[] asked = Features.unit(one)[0];
        double[][] units = Features.unit(keys);
        return IntStream.range(0, keys.length).filter(j -> j != excluded).mapToObj(j -> new Found(j, Features.dot(asked, units[j])))
            .sorted(Comparator.comparingDouble(Found::cosine).reversed()).limit(count).toList();
    }

    /** Fraction of queries whose nearest key, other than the excluded one, is right. */
    public static double top1(float[][] queries, float[][] keys, int[] excluded, Match match) {
        int[] nearest = nearest(queries, keys, excluded);
        int right = 0;
        for (int i = 0; i < nearest.length; i++) {
            right += match.holds(i, nearest[i]) ? 1 : 0;
        }
        return (double) right / nearest.length;
    }

    /** {@link #top1(float[][], float[][], int[], Match)} with no key excluded. */
    public static double top1(float[][] queries, float[][] keys, Match match) {
        return top1(queries, keys, none(queries), match);
    }

    /** Fraction of queries whose nearest key, other than the excluded one, is of their class. */
    public static double top1(float[][] queries, int[] queryLabels, float[][] keys, int[] keyLabels, int[] excluded) {
        Features.checkLabels(queries, queryLabels);
        Features.checkLabels(keys, keyLabels);
        return top1(queries, keys, excluded, (query, key) -> queryLabels[query] == keyLabels[key]);
    }

    /** {@link #top1(float[][], int[], float[][], int[], int[])} with no key excluded. */
    public static double top1(float[][] queries, int[] queryLabels, float[][] keys, int[] keyLabels) {
        return top1(queries, queryLabels, keys, keyLabels, none(queries));
    }

    /** What {@link #top1} by classes is on average if each query is given any key, all alike. */
    public static double chance(int[] queryLabels, int[] keyLabels) {
        int[] none = new int[queryLabels.length];
        Arrays.fill(none, NONE);
        return chance(queryLabels, keyLabels, none);
    }

    /** {@link #chance(int[], int[])} of any key but the excluded one. */
    public static double chance(int[] queryLabels, int[] keyLabels, int[] excluded) {
        if (queryLabels.length == 0 || excluded.length != queryLabels.length) {
            throw new IllegalArgumentException(queryLabels.length + " queries and " + excluded.length
                + " excluded keys: there must be as many, and one at least");
        }
        double sum = 0;
        for (int i = 0; i < queryLabels.length; i++) {
            int right = 0;
            int all = 0;
            for (int j = 0; j < keyLabels.length; j++) {
                all += j == excluded[i] ? 0 : 1;
                right += j != excluded[i] && keyLabels[j] == queryLabels[i] ? 1 : 0;
            }
            if (all == 0) {
                throw new IllegalArgumentException("query " + i + " has no key to find: give more keys");
            }
            sum += (double) right / all;
        }
        return sum / queryLabels.length;
    }

    private static int[] none(float[][] queries) {
        int[] none = new int[queries.length];
        Arrays.fill(none, NONE);
        return none;
    }

    private static void checkExcluded(float[][] queries, int keys, int[] excluded) {
        if (excluded.length != queries.length) {
            throw new IllegalArgumentException(excluded.length + " excluded keys for " + queries.length + " queries: give one for each");
        }
        for (int i = 0; i < excluded.length; i++) {
            if (excluded[i] < NONE || excluded[i] >= keys || keys == 1 && excluded[i] == 0) {
                throw new IllegalArgumentException("query " + i + " is not to find key " + excluded[i] + " of " + keys
                    + ": it must be one of them, or " + NONE + " for none, and leave another");
            }
        }
    }
}
