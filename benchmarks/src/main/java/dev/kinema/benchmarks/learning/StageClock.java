package dev.kinema.benchmarks.learning;

import dev.kinema.pretrain.Pretraining;
import dev.kinema.run.Metrics;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Takes the time of each stage, and what its steps report. */
final class StageClock implements Pretraining.Watcher {
    final Map<String, Double> seconds = new LinkedHashMap<>();
    final Map<String, Long> steps = new LinkedHashMap<>();
    /** Per training, the mean over the steps of the last epoch. */
    final Map<String, Double> spread = new LinkedHashMap<>();

    private String stage;
    private long since;
    private double epochs;
    private double sum;
    private int count;

    @Override
    public void begun(String name, Path folder) {
        stage = name;
        since = System.nanoTime();
        epochs = -1;
    }

    @Override
    public void ended(String name, Path folder, boolean before) {
        if (before) {
            throw new IllegalStateException(folder + " was there before, so its time is not known: choose a new folder");
        }
        seconds.put(name, (System.nanoTime() - since) / 1e9);
    }

    @Override
    public void step(long done, long all, Metrics metrics, double rate, double secondsLeft) {
        steps.put(stage, done);
        double begun = Math.ceil(metrics.values().get("epoch")) - 1;
        if (begun != epochs) {
            epochs = begun;
            sum = 0;
            count = 0;
        }
        sum += metrics.values().get("feature_spread");
        count++;
        spread.put(stage, sum / count);
    }

    @Override
    public void note(String message) {
        System.err.println(message);
    }
}
