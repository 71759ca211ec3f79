package dev.kinema.benchmarks.learning;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What was learned over several seeds, and where.
 *
 * @param commit of the code
 * @param films of a seed, in words
 * @param ceiling of retrieval: how often the likeliest class by the grammar, given both neighbours, is right
 */
record LearningResult(String commit, Machine machine, String films, double ceiling, List<Seed> seeds) {

    record Machine(String cpu, int processors, String os, String java, String date) {}

    /**
     * How well features of single events tell classes, on films that were not trained on.
     *
     * @param knn5 accuracy of the vote of the 5 nearest features of the training films
     * @param probe accuracy of a linear classifier trained on these
     * @param spread of the features of the films tested
     */
    record Backbone(double knn5, double probe, double spread) {}

    /**
     * How often the event nearest to a prediction, of all events of all films but the hidden one itself, is of the hidden one's class. Films
     * were not trained on.
     *
     * @param exact how often the hidden event itself is nearest, of all events
     * @param spread of the predictions
     */
    record Context(double top1, double exact, double spread) {}

    /**
     * One seed.
     *
     * @param drawn the backbone with weights as they are drawn
     * @param started the backbone that training starts from, with the statistics of its norms taken on the training films
     * @param trained the backbone after training
     * @param untrainedContext the contextualizer that training starts from, on features of the trained backbone
     * @param trainedContext after training
     * @param chance of top1 of an event drawn at random
     * @param told how often the key nearest to a key is of its class: what retrieval by a perfect guess would find
     * @param trainingSpread of projections over the last epoch of each training, mean
     * @param steps of each training
     * @param seconds of each stage, evaluation without the norms' statistics
     */
    record Seed(long seed, Backbone drawn, Backbone started, Backbone trained, Context untrainedContext, Context trainedContext, double chance,
        double told, Map<String, Double> trainingSpread, Map<String, Long> steps, Map<String, Double> seconds) {

        double total() {
            return seconds.values().stream().mapToDouble(s -> s).sum();
        }
    }

    /** A table for people. */
    String table() {
        StringBuilder text = new StringBuilder();
        line(text, "%s, %d processors, Java %s, commit %s%n%s%n%n", machine.cpu, machine.processors, machine.java, commit, films);
        line(text, "%-58s", "seed");
        seeds.forEach(s -> line(text, "%8d", s.seed));
        line(text, "%8s%n", "mean");
        row(text, "kNN-5 accuracy, weights as drawn", s -> s.drawn.knn5);
        row(text, "kNN-5 accuracy, as drawn, with norms' statistics", s -> s.started.knn5);
        row(text, "kNN-5 accuracy, pretrained", s -> s.trained.knn5);
        row(text, "linear probe accuracy, weights as drawn", s -> s.drawn.probe);
        row(text, "linear probe accuracy, as drawn, with norms' statistics", s -> s.started.probe);
        row(text, "linear probe accuracy, pretrained", s -> s.trained.probe);
        row(text, "masked event, class of the nearest right: chance", Seed::chance);
        row(text, "masked event, class of the nearest right: untrained", s -> s.untrainedContext.top1);
        row(text, "masked event, class of the nearest right: pretrained", s -> s.trainedContext.top1);
        row(text, "  by a perfect guess of an event (classes told apart)", Seed::told);
        row(text, "  by the grammar, classes known", s -> ceiling);
        row(text, "masked event itself nearest: untrained", s -> s.untrainedContext.exact);
        row(text, "masked event itself nearest: pretrained", s -> s.trainedContext.exact);
        row(text, "spread of features, pretrained backbone", s -> s.trained.spread);
        row(text, "spread of predictions, pretrained contextualizer", s -> s.trainedContext.spread);
        for (String training : seeds.get(0).trainingSpread.keySet()) {
            row(text, "spread in the last epoch, " + training, s -> s.trainingSpread.get(training));
        }
        line(text, "%n");
        for (String stage : seeds.get(0).steps.keySet()) {
            row(text, "steps, " + stage, s -> s.steps.get(stage), "%8.0f");
        }
        for (String stage : seeds.get(0).seconds.keySet()) {
            row(text, "seconds, " + stage, s -> s.seconds.get(stage), "%8.1f");
        }
        row(text, "seconds in all", Seed::total, "%8.1f");
        return text.toString();
    }

    private void row(StringBuilder text, String name, ToDoubleFunction<Seed> value) {
        row(text, name, value, "%8.3f");
    }

    private void row(StringBuilder text, String name, ToDoubleFunction<Seed> value, String format) {
        line(text, "%-58s", name);
        seeds.forEach(s -> line(text, format, value.applyAsDouble(s)));
        line(text, format + "%n", seeds.stream().mapToDouble(value).average().orElseThrow());
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values));
    }

    /** Writes it as JSON, and the table beside it. */
    void write(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(this) + "\n");
        Files.writeString(file.resolveSibling(file.getFileName().toString().replace(".json", ".txt")), table());
    }
}
