package dev.kinema.metric;

import java.util.ArrayList;
import java.util.List;

/**
 * The order in which VidSitu's evaluation takes the annotators of each clip: numpy's legacy generator with seed 5, one permutation for each
 * clip in the order of the split. CIDEr and ROUGE-L do not depend on it with three annotators, but LEA does. Each evaluation starts anew.
 */
public final class AnnotatorOrder {
    /** Annotators that a clip is scored against. */
    public static final int FOLDS = 3;
    private static final int SEED = 5;

    private final MersenneTwister random;

    /** An order as published scores have it. */
    public AnnotatorOrder() {
        this(SEED);
    }

    AnnotatorOrder(int seed) {
        random = new MersenneTwister(seed);
    }

    /** The next clip's permutation: the places of its annotators, in the order in which they are taken. */
    public int[] permutation(int annotators) {
        return random.permutation(annotators);
    }

    /**
     * The next clip's annotations to score against, folds in order: the first three of the permuted ones; fewer where there are fewer. A
     * fourth is kept by the evaluation for comparing people with people, and further ones are not used.
     *
     * @param annotations of one clip, in the order of the file
     */
    public <T> List<T> next(List<T> annotations) {
        List<T> taken = new ArrayList<>();
        for (int place : permutation(annotations.size())) {
            taken.add(annotations.get(place));
        }
        return List.copyOf(taken.subList(0, Math.min(FOLDS, taken.size())));
    }
}
