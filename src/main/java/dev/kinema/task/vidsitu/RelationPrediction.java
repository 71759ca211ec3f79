package dev.kinema.task.vidsitu;

import dev.kinema.metric.AnnotatorOrder;
import java.util.List;

/**
 * How a model says that events are related to the third.
 *
 * @param index the clip's place in its split's file
 * @param relations [4][3 or more] for the first, second, fourth and fifth event, and for each annotator's input in the order of the file,
 *     the label: a {@link Relation}'s or {@link #NONE}
 * @param scores [4][any number] how sure it is; empty where that is not given
 */
public record RelationPrediction(int index, List<List<String>> relations, List<List<Double>> scores) implements Prediction {
    /** The label of the output that is never a target, and so always wrong. */
    public static final String NONE = "Null";
    /** Annotators whose votes are scored. */
    public static final int VOTES = AnnotatorOrder.FOLDS;

    /** Copies, and checks the numbers. */
    public RelationPrediction {
        relations = relations.stream().map(List::copyOf).toList();
        scores = scores.stream().map(List::copyOf).toList();
        int events = Relation.RELATED.size();
        if (index < 0 || relations.size() != events || relations.stream().anyMatch(event -> event.size() < VOTES)) {
            throw new IllegalArgumentException("clip " + index + ", " + relations.stream().map(List::size).toList()
                + " relations: each of " + events + " events needs " + VOTES);
        }
        PredictionForm.checkScores(scores, events);
    }

    @Override
    public Object answers() {
        return relations.stream().map(event -> event.subList(0, VOTES)).toList();
    }
}
