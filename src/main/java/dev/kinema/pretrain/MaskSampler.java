package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which events of a sequence are hidden: a block of neighbours, its size drawn uniformly from a set and its start uniformly from where it
 * fits (paper, section 3.3).
 *
 * <p>In a batch each size occurs equally often, and what is left over draws its size at random; who gets which is random. So each sequence
 * has each size with the same probability, as if it drew alone, and the number of hidden events of a batch varies little: programs have
 * fixed shapes, and rows that nobody fills are work for nothing.
 */
final class MaskSampler {
    private final int tokens;
    private final List<Integer> sizes;

    /** @param sizes the set, each 1 to {@code tokens} */
    MaskSampler(int tokens, List<Integer> sizes) {
        if (sizes.isEmpty() || sizes.stream().distinct().count() != sizes.size() || sizes.stream().anyMatch(m -> m < 1 || m > tokens)) {
            throw new KinemaException("mask sizes " + sizes + " for sequences of " + tokens + " events: give different sizes from 1 to "
                + tokens);
        }
        this.tokens = tokens;
        this.sizes = List.copyOf(sizes);
    }

    /** The set {1 .. floor(share * tokens)}. */
    static List<Integer> upTo(double share, int tokens) {
        // 0.6 * 5 is 3 for a person, and must be for a computer
        int most = (int) Math.floor(share * tokens + 1e-9);
        if (most < 1 || most > tokens) {
            throw new KinemaException("a mask share of " + share + " hides none or more than all of " + tokens + " events: give a share from "
                + "1 / tokens to 1");
        }
        return IntStream.rangeClosed(1, most).boxed().toList();
    }

    int tokens() {
        return tokens;
    }

    /** The most events that can be hidden in a batch. */
    int most(int sequences) {
        int equal = sequences / sizes.size();
        return equal * sizes.stream().mapToInt(m -> m).sum() + sequences % sizes.size() * sizes.stream().mapToInt(m -> m).max().orElseThrow();
    }

    /** A block of hidden events. */
    record Block(int start, int size) {}

    /** The sizes of the blocks of a batch. */
    int[] sizes(int sequences, Philox random) {
        int[] drawn = new int[sequences];
        int equal = sequences / sizes.size() * sizes.size();
        for (int i = 0; i < sequences; i++) {
            drawn[i] = sizes.get(i < equal ? i % sizes.size() : below(sizes.size(), random, i));
        }
        for (int i = sequences - 1; i > 0; i--) {
            int j = below(i + 1, random, (long) sequences + i);
            int swapped = drawn[i];
            drawn[i] = drawn[j];
            drawn[j] = swapped;
        }
        return drawn;
    }

    /** Blocks for a batch, each anywhere it fits. */
    Block[] blocks(int sequences, Philox random) {
        int[] drawn = sizes(sequences, random);
        Block[] blocks = new Block[sequences];
        for (int i = 0; i < sequences; i++) {
            blocks[i] = new Block(below(tokens - drawn[i] + 1, random, 2L * sequences + i), drawn[i]);
        }
        return blocks;
    }

    /**
     * Blocks for a batch, each where hiding changes most.
     *
     * @param discrepancy [sequences, tokens], how far each event's output moves when it alone is hidden
     */
    Block[] blocks(int sequences, Philox random, float[] discrepancy) {
        int[] drawn = sizes(sequences, random);
        Block[] blocks = new Block[sequences];
        for (int i = 0; i < sequences; i++) {
            blocks[i] = new Block(largest(discrepancy, i * tokens, drawn[i]), drawn[i]);
        }
        return blocks;
    }

    /** Start of the block of {@code size} neighbours with the largest sum; of equals the first. */
    private int largest(float[] values, int from, int size) {
        int best = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int start = 0; start + size <= tokens; start++) {
            double sum = 0;
            for (int t = start; t < start + size; t++) {
                sum += values[from + t];
            }
            if (sum > most) {
                most = sum;
                best = start;
            }
        }
        return best;
    }

    private static int below(int bound, Philox random, long element) {
        return (int) (random.uniform(element) * bound);
    }
}
