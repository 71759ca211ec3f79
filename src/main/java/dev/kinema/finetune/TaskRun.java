package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.run.Environment;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.RunFolder;
import dev.kinema.run.StageFolder;
import dev.kinema.run.TrainingLoop;
import dev.kinema.task.vidsitu.Prediction;
import dev.kinema.task.vidsitu.Predictions;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.ScoreSheet;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One run of a task, from one seed, in a folder of its own: trained, its best epoch's predictions written and scored. Done once, it is not
 * done again.
 *
 * @param folder its weights are the best epoch's
 * @param settings what decides its numbers, as text
 * @param tuning how it is trained
 * @param validation clips that it is scored on
 * @param test clips of the leaderboard's set; empty for none
 * @param leftOut clips of validation that are left out
 */
record TaskRun<P extends Prediction>(StageFolder folder, String settings, TaskForm<P> form, TuningSettings tuning,
    List<Situation> validation, List<Situation> test, int leftOut) {
    private static final String EPOCH = "best_epoch";
    private static final String SCORE = "score.";

    /** Trains or goes on, unless the run is done. */
    TaskScores.Outcome run(long seed, TunedTask.Networks<P> networks, Environment environment, LoopSettings loop,
            Finetuning.Watcher watcher) {
        String name = form.task().label() + ", seed " + seed;
        folder.free(settings);
        if (folder.isTrained()) {
            watcher.ended(name, folder.path(), true);
            return outcome(seed, RunFolder.done(folder.path()).orElseThrow());
        }
        watcher.begun(name, folder.path());
        TaskScores.Outcome outcome;
        try (RunFolder run = RunFolder.open(folder.path(), settings, environment)) {
            TrainingLoop.Outcome trained = TrainingLoop.run(checked -> training(networks.open(seed, checked)), run, loop, watcher);
            Map<String, String> facts;
            try (TaskNetwork<P> network = networks.open(seed, false)) {
                BestEpoch best = new BestEpoch(folder.weights());
                best.load(network.weights());
                Scores scores = predict(network);
                network.export(folder.path(), best.epoch() * network.stepsPerEpoch());
                facts = facts(trained, best, scores);
            }
            run.markDone(facts);
            outcome = outcome(seed, facts);
        }
        watcher.ended(name, folder.path(), false);
        return outcome;
    }

    private TaskTraining<P> training(TaskNetwork<P> network) {
        return new TaskTraining<>(network, form, tuning, new Scoring(Split.VALID, validation), validation, new BestEpoch(folder.weights()));
    }

    private Scores predict(TaskNetwork<P> network) {
        Predictions<P> predictions = form.gather().apply(network.predict(validation));
        predictions.write(folder.path().resolve("predictions-" + Split.VALID.label() + ".json"));
        Scores scores = form.score().apply(new Scoring(Split.VALID, validation), predictions);
        new ScoreSheet(form.task(), Split.VALID, leftOut, 0, Optional.of(scores), Optional.empty())
            .write(folder.path().resolve("scores-" + Split.VALID.label() + ".json"));
        if (!test.isEmpty()) {
            form.gather().apply(network.predict(test)).write(folder.path().resolve("predictions-" + form.test().label() + ".json"));
        }
        return scores;
    }

    private Map<String, String> facts(TrainingLoop.Outcome trained, BestEpoch best, Scores scores) {
        Map<String, String> facts = new LinkedHashMap<>(folder.facts(trained.steps(), trained.checkpoint(), trained.seconds()));
        facts.put(EPOCH, Long.toString(best.epoch()));
        scores.columns().forEach(column -> facts.put(SCORE + column.name(), Double.toString(column.value())));
        return facts;
    }

    private TaskScores.Outcome outcome(long seed, Map<String, String> facts) {
        Map<String, Double> scores = new LinkedHashMap<>();
        try {
            facts.forEach((name, value) -> {
                if (name.startsWith(SCORE)) {
                    scores.put(name.substring(SCORE.length()), Double.parseDouble(value));
                }
            });
            return new TaskScores.Outcome(seed, Long.parseLong(facts.get(EPOCH)), scores);
        } catch (NumberFormatException e) {
            throw new KinemaException("'" + folder.path() + "' says that it is done, but not with which scores (" + e.getMessage()
                + "): remove the folder to train again", e);
        }
    }
}
