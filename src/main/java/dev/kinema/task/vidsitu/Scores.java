package dev.kinema.task.vidsitu;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Scores of a task.
 *
 * @param task which
 * @param clips how many were scored
 * @param columns the scores that the paper's tables have, in their order; the first decides which epoch of a training is best
 * @param more what came out besides, by name: numbers, lists of numbers, and maps of names to numbers, in order
 */
public record Scores(Task task, int clips, List<Column> columns, Map<String, Object> more) {
    /** Verbs, and the score that decides: events with a vote for the first verb. */
    public static final String ACC_1 = "Acc@1";
    /** Verbs: events with a vote for any of the first five. */
    public static final String ACC_5 = "Acc@5";
    /** Verbs: those with two votes that are among the first five, mean over verbs with ten such events. */
    public static final String RECALL_5 = "Recall@5";
    /** Roles, and the score that decides; 0 to 10, as all CIDEr. */
    public static final String CIDER = "CIDEr";
    /** Roles: mean over verbs. */
    public static final String CIDER_VERB = "CIDEr-verb";
    /** Roles: mean over roles. */
    public static final String CIDER_ARG = "CIDEr-arg";
    /** Roles. */
    public static final String ROUGE_L = "ROUGE-L";
    /** Roles: which of them are the same entity. */
    public static final String LEA = "LEA";
    /** Relations, and the score that decides: mean over relations. */
    public static final String MEAN_ACC = "Mean-Acc";
    /** Relations: right ones of all. */
    public static final String TOP1_ACC = "Top1-Acc";

    /**
     * A score of the paper's tables.
     *
     * @param name as the tables have it
     * @param value as it is computed; tables have 100 times as much
     */
    public record Column(String name, double value) {
    }

    /** Copies. */
    public Scores {
        columns = List.copyOf(columns);
        more = Collections.unmodifiableMap(new LinkedHashMap<>(more));
    }

    /** The score of a column by its name, such as {@link #CIDER}. */
    public double get(String name) {
        return columns.stream().filter(column -> column.name().equals(name)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no score " + name + ": it is one of " + columns)).value();
    }
}
