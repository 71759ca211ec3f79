package dev.kinema.finetune;

import dev.kinema.task.vidsitu.Prediction;
import dev.kinema.task.vidsitu.Predictions;
import dev.kinema.task.vidsitu.RelationPrediction;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.Task;
import dev.kinema.task.vidsitu.VerbPrediction;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What the tasks differ in once predictions are made.
 *
 * @param test the leaderboard's set
 * @param gather predictions of one clip each to those of a split
 * @param score of a split's predictions
 */
record TaskForm<P extends Prediction>(Task task, Split test, Function<List<P>, Predictions<P>> gather,
    BiFunction<Scoring, Predictions<P>, Scores> score) {

    static final TaskForm<VerbPrediction> VERBS =
        new TaskForm<>(Task.VERBS, Split.TEST_VERBS, Predictions::ofVerbs, Scoring::verbs);
    static final TaskForm<RolePrediction> ROLES =
        new TaskForm<>(Task.ROLES, Split.TEST_ROLES, Predictions::ofRoles, Scoring::roles);
    static final TaskForm<RelationPrediction> RELATIONS =
        new TaskForm<>(Task.RELATIONS, Split.TEST_RELATIONS, Predictions::ofRelations, Scoring::relations);

    /** Scores of predictions of all clips that {@code scoring} is of. */
    Scores score(Scoring scoring, List<P> predictions) {
        return score.apply(scoring, gather.apply(predictions));
    }
}
