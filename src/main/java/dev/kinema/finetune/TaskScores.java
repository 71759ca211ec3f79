package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the runs of a task came to, beside what can be had without seeing a picture.
 *
 * @param task its label, such as {@code vb}
 * @param runs one for each seed
 * @param columns the task's scores, in the order of the paper's tables
 * @param baselines predictions that see no picture, such as the most frequent verbs
 * @param chance mean accuracy of a constant answer; relations only
 */
public record TaskScores(String task, List<Run> runs, List<ScoreColumn> columns, @Default("[]") List<Baseline> baselines,
    Optional<Double> chance) {

    /**
     * A run.
     *
     * @param bestEpoch the one that is scored, from 1; 0 where none was better than nothing
     */
    public record Run(long seed, long bestEpoch) {
        public Run {
            if (bestEpoch < 0) {
                throw new KinemaException("best_epoch is " + bestEpoch + ": it must be 0 or more");
            }
        }
    }

    /**
     * Predictions that see no picture.
     *
     * @param name what they are
     * @param columns their scores
     */
    public record Baseline(String name, List<Scores.Column> columns) {
    }

    /**
     * What came out of a run.
     *
     * @param bestEpoch as in {@link Run}
     * @param scores by column, in the order of the paper's tables
     */
    public record Outcome(long seed, long bestEpoch, Map<String, Double> scores) {
        /** Keeps the order. */
        public Outcome {
            scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
        }
    }

    /** What is read from a file is held against itself. */
    public TaskScores {
        if (Task.of(task).isEmpty()) {
            throw new KinemaException("task is '" + task + "': it must be one of "
                + String.join(", ", Arrays.stream(Task.values()).map(Task::label).toList()));
        }
        if (runs.isEmpty() || columns.isEmpty()) {
            throw new KinemaException("runs or columns of " + task + " is empty: results are of one run or more");
        }
        requireDistinct("runs", task, runs.stream().map(Run::seed));
        requireDistinct("columns", task, columns.stream().map(ScoreColumn::name));
        for (ScoreColumn column : columns) {
            if (column.values().size() != runs.size()) {
                throw new KinemaException("columns of " + task + ": " + column.name() + " has " + column.values().size()
                    + " values for " + runs.size() + " runs: it must have one for each");
            }
        }
    }

    private static void requireDistinct(String key, String task, Stream<?> names) {
        List<?> all = names.toList();
        if (all.stream().distinct().count() < all.size()) {
            throw new KinemaException(key + " of " + task + " has the same twice, " + all + ": remove one");
        }
    }

    /**
     * Puts runs together.
     *
     * @param outcomes one for each seed, with the same scores
     * @param baselines by name, in order
     * @param chance mean accuracy of a constant answer; relations only
     */
    public static TaskScores of(Task task, List<Outcome> outcomes, Map<String, Scores> baselines, Optional<Double> chance) {
        List<ScoreColumn> columns = new ArrayList<>();
        for (String name : outcomes.get(0).scores().keySet()) {
            columns.add(ScoreColumn.of(name, outcomes.stream().map(outcome -> outcome.scores().get(name)).toList()));
        }
        List<Baseline> named = new ArrayList<>();
        baselines.forEach((name, scores) -> named.add(new Baseline(name, scores.columns())));
        List<Run> runs = outcomes.stream().map(outcome -> new Run(outcome.seed(), outcome.bestEpoch())).toList();
        return new TaskScores(task.label(), runs, columns, named, chance);
    }

    /** The runs that it was put together from. */
    List<Outcome> outcomes() {
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            Map<String, Double> scores = new LinkedHashMap<>();
            for (ScoreColumn column : columns) {
                scores.put(column.name(), column.values().get(i));
            }
            outcomes.add(new Outcome(runs.get(i).seed(), runs.get(i).bestEpoch(), scores));
        }
        return outcomes;
    }

    /** The score of this name; empty where the task has none. */
    Optional<ScoreColumn> column(String name) {
        return columns.stream().filter(column -> column.name().equals(name)).findFirst();
    }

    /** For the console: a line of the scores' names, then one for the runs, for each baseline and for chance; 100 times as much. */
    List<String> lines() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(row(task, columns.stream().map(ScoreColumn::name).toList()));
        String what = runs.size() == 1 ? "one run" : "mean ± s.e. of " + runs.size() + " runs";
        rows.add(row(what, columns.stream().map(ScoreColumn::percent).toList()));
        for (Baseline baseline : baselines) {
            rows.add(row(baseline.name(), columns.stream().map(column -> baseline.columns().stream()
                .filter(score -> score.name().equals(column.name())).findFirst().map(score -> ScoreColumn.percent(score.value()))
                .orElse("")).toList()));
        }
        chance.ifPresent(level -> rows.add(row("chance",
            columns.stream().map(column -> column.name().equals(Scores.MEAN_ACC) ? ScoreColumn.percent(level) : "").toList())));
        int[] widths = new int[columns.size() + 1];
        rows.forEach(row -> Arrays.setAll(widths, i -> Math.max(widths[i], row.get(i).length())));
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    private static List<String> row(String what, List<String> cells) {
        return Stream.concat(Stream.of(what), cells.stream()).toList();
    }
}
