package dev.kinema.task.vidsitu;

import java.util.List;

/**
 * A clip with all that is known of it.
 *
 * @param index its place in the split's file, from 0: {@code ann_idx} in prediction files
 * @param clip which ten seconds
 * @param votes for each event the verb senses that {@link Split#VOTES} people chose; empty in train, and where a test set hides them
 * @param annotations in the order of the file: one in train, three or more in validation, none where a test set hides them
 */
public record Situation(int index, Clip clip, List<List<String>> votes, List<Annotation> annotations) {
    /** Copies. */
    public Situation {
        votes = votes.stream().map(List::copyOf).toList();
        annotations = List.copyOf(annotations);
    }
}
