package dev.kinema.task.vidsitu;

import dev.kinema.metric.Verbs;
import java.util.List;

/**
 * The verbs that a model sees in a clip.
 *
 * @param index the clip's place in its split's file
 * @param verbs [5][5 or more] for each event verb senses by falling probability
 * @param scores [5][any number] for each event the probabilities, falling; may go on to the vocabulary's end; empty where none are given
 */
public record VerbPrediction(int index, List<List<String>> verbs, List<List<Double>> scores) implements Prediction {
    /** Copies, and checks the numbers. */
    public VerbPrediction {
        verbs = verbs.stream().map(List::copyOf).toList();
        scores = scores.stream().map(List::copyOf).toList();
        if (index < 0 || verbs.size() != Clip.EVENTS || verbs.stream().anyMatch(event -> event.size() < Verbs.DEPTH)) {
            throw new IllegalArgumentException("clip " + index + ", " + verbs.stream().map(List::size).toList() + " verbs: each of "
                + Clip.EVENTS + " events needs " + Verbs.DEPTH);
        }
        PredictionForm.checkScores(scores, Clip.EVENTS);
    }

    @Override
    public Object answers() {
        return verbs.stream().map(event -> event.subList(0, Verbs.DEPTH)).toList();
    }
}
