package dev.kinema.metric;

import java.util.List;
import java.util.Objects;

/**
 * Texts that are scored against what people wrote: what {@link Cider}, {@link RougeL} and {@link Bleu} take and give. Texts are compared as
 * they are: nothing is put in lower case and no punctuation is taken off.
 */
public final class Captions {
    private Captions() {
    }

    /**
     * One text and those that it should be like.
     *
     * @param candidate the text that is scored; "" where nothing was said
     * @param references at least one text by a person, in any order
     */
    public record Item(String candidate, List<String> references) {
        /** Checks that there is a reference. */
        public Item {
            Objects.requireNonNull(candidate, "candidate");
            references = List.copyOf(references);
            if (references.isEmpty()) {
                throw new IllegalArgumentException("the candidate '" + candidate + "' has no reference: give one at least");
            }
        }
    }

    /**
     * Scores of items.
     *
     * @param mean of all items
     * @param items [n] the score of each, in their order
     */
    public record Scores(double mean, double[] items) {
        static Scores of(double[] items) {
            double sum = 0;
            for (double item : items) {
                sum += item;
            }
            return new Scores(sum / items.length, items);
        }
    }

    static void checkSome(List<?> items) {
        if (items.isEmpty()) {
            throw new IllegalArgumentException("there is nothing to score: give one item at least");
        }
    }
}
