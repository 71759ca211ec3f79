package dev.kinema.finetune;

import dev.kinema.device.Weights;
import dev.kinema.optim.LearningRate;
import dev.kinema.run.Metrics;
import dev.kinema.run.Training;
import dev.kinema.run.Uninterrupted;
import dev.kinema.task.vidsitu.Prediction;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Situation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Trains a task's network. After each epoch it predicts the validation clips, and where the first of the task's scores is above all before,
 * its weights are kept: the best epoch is the run's result, as in VidSitu's toolkit.
 */
final class TaskTraining<P extends Prediction> implements Training {
    private final TaskNetwork<P> network;
    private final TaskForm<P> form;
    private final TuningSettings settings;
    private final Scoring scoring;
    private final List<Situation> validation;
    private final BestEpoch best;
    private final LearningRate rate;
    private boolean whole = true;

    /**
     * @param validation what it is scored on
     * @param best keeps the weights of the best epoch
     */
    TaskTraining(TaskNetwork<P> network, TaskForm<P> form, TuningSettings settings, Scoring scoring, List<Situation> validation, BestEpoch best) {
        this.network = network;
        this.form = form;
        this.settings = settings;
        this.scoring = scoring;
        this.validation = List.copyOf(validation);
        this.best = best;
        rate = settings.epochs() == 0 ? LearningRate.constant(settings.optimizer().rate()) : settings.optimizer().rate(settings.epochs());
    }

    @Override
    public Weights weights() {
        return network.weights();
    }

    @Override
    public long steps() {
        return settings.epochs() * network.stepsPerEpoch();
    }

    @Override
    public Metrics step(long number) {
        long begun = System.nanoTime();
        double epoch = (double) number / network.stepsPerEpoch();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("epoch", (double) (number + 1) / network.stepsPerEpoch());
        values.put("learning_rate", rate.at(epoch));
        values.putAll(network.train(number, rate.at(epoch)));
        values.put("clips_per_second", settings.batch() / ((System.nanoTime() - begun) / 1e9));
        if ((number + 1) % network.stepsPerEpoch() == 0) {
            whole = false;
            values.putAll(validated((number + 1) / network.stepsPerEpoch()));
            whole = true;
        }
        return new Metrics(values);
    }

    /** The weights have moved on: an interrupt waits until the epoch is judged, so that the step is whole when it is saved. */
    private Map<String, Double> validated(long epoch) {
        Scores scores = Uninterrupted.run(() -> form.score(scoring, network.predict(validation)));
        best.offer(scores.columns().get(0).value(), epoch, network.weights());
        Map<String, Double> values = new LinkedHashMap<>();
        scores.columns().forEach(column -> values.put(metric(column.name()), column.value()));
        return values;
    }

    /** The name of a score in logs: {@code valid_mean_acc} of Mean-Acc. */
    static String metric(String column) {
        return "valid_" + column.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    }

    @Override
    public boolean isBetweenSteps() {
        return whole && network.isBetweenSteps();
    }

    @Override
    public Map<String, String> position() {
        Map<String, String> position = new LinkedHashMap<>(network.position());
        position.putAll(best.position());
        return position;
    }

    @Override
    public void restore(Map<String, String> position) {
        network.restore(position);
        best.restore(position);
    }

    @Override
    public void close() {
        network.close();
    }
}
