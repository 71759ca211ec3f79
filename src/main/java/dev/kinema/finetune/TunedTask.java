package dev.kinema.finetune;

import dev.kinema.run.Environment;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.StageFolder;
import dev.kinema.task.vidsitu.Prediction;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Situation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A task that is ready to be run from any seed.
 *
 * @param test clips of the leaderboard's set; empty for none
 * @param inputs what decides a run's numbers beside its seed and settings, by name
 * @param settings YAML
 * @param baselines scores of what sees no picture, by name
 * @param chance mean accuracy of a constant answer; relations only
 */
record TunedTask<P extends Prediction>(TaskForm<P> form, TuningSettings tuning, TuningClips clips, List<Situation> test,
    Map<String, String> inputs, String settings, Networks<P> networks, Map<String, Scores> baselines, Optional<Double> chance) {

    /** Makes the network as it is before its first step. */
    @FunctionalInterface
    interface Networks<P extends Prediction> {
        /** @param checkFinite as in {@link dev.kinema.run.TrainingLoop.Opener} */
        TaskNetwork<P> open(long seed, boolean checkFinite);
    }

    /** Runs or resumes in a folder of its own. */
    TaskScores.Outcome run(StageFolder folder, long seed, Environment environment, LoopSettings loop, Finetuning.Watcher watcher) {
        Map<String, String> deciding = new LinkedHashMap<>(inputs);
        deciding.put("seed", Long.toString(seed));
        return new TaskRun<>(folder, StageFolder.text(deciding, settings), form, tuning, clips.valid(), test, clips.leftOut())
            .run(seed, networks, environment, loop, watcher);
    }
}
