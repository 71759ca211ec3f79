package dev.kinema.task.vidsitu;

/** What a model says of one clip. */
public sealed interface Prediction permits VerbPrediction, RolePrediction, RelationPrediction {
    /** The clip's place in its split's file, {@link Situation#index}. */
    int index();

    /** What is scored of it. Two predictions of a clip with equal answers are one, however sure they are. */
    Object answers();
}
