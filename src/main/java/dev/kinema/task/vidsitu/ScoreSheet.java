package dev.kinema.task.vidsitu;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The scores of one file of predictions, and of people for comparison, as a table and as JSON.
 *
 * @param task what was asked
 * @param split of which
 * @param leftOut clips of it that were left out
 * @param repeated records of clips that the file had already
 * @param predicted scores of the file; empty where people alone were scored
 * @param human scores of annotators; empty where they were not asked for
 */
public record ScoreSheet(Task task, Split split, int leftOut, int repeated, Optional<Scores> predicted, Optional<Scores> human) {
    private static final Gson JSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    /**
     * Scores a file.
     *
     * @param file of predictions; empty to score people alone
     * @param people whether they are scored too
     * @throws KinemaException if the file is malformed or a clip of the split is not in it, or the dataset lacks the answers
     */
    public static ScoreSheet of(Task task, Optional<Path> file, VidSituDataset dataset, Split split, boolean people) {
        List<Situation> situations = dataset.situations(split);
        int listed = dataset.without(Set.of()).clips(split).size();
        Scoring scoring = new Scoring(split, situations);
        return switch (task) {
            case VERBS -> {
                Optional<Predictions<VerbPrediction>> read = file.map(path -> Predictions.readVerbs(path, dataset, split));
                yield sheet(task, split, listed - situations.size(), read, read.map(scoring::verbs),
                    people ? Optional.of(scoring.humanVerbs()) : Optional.empty());
            }
            case ROLES -> {
                Optional<Predictions<RolePrediction>> read = file.map(path -> Predictions.readRoles(path, dataset, split));
                yield sheet(task, split, listed - situations.size(), read, read.map(scoring::roles),
                    people ? Optional.of(scoring.humanRoles()) : Optional.empty());
            }
            case RELATIONS -> {
                Optional<Predictions<RelationPrediction>> read = file.map(path -> Predictions.readRelations(path, dataset, split));
                yield sheet(task, split, listed - situations.size(), read, read.map(scoring::relations),
                    people ? Optional.of(scoring.humanRelations()) : Optional.empty());
            }
        };
    }

    private static <P extends Prediction> ScoreSheet sheet(Task task, Split split, int leftOut, Optional<Predictions<P>> read,
                                                           Optional<Scores> predicted, Optional<Scores> human) {
        return new ScoreSheet(task, split, leftOut, read.map(Predictions::repeated).orElse(0), predicted, human);
    }

    /** Clips that were scored. */
    public int clips() {
        return predicted.or(() -> human).map(Scores::clips).orElse(0);
    }

    /** A table with the paper's columns, times 100; a line for each row, and one for the columns' names. */
    public List<String> table() {
        Map<String, Scores> rows = new LinkedHashMap<>();
        predicted.ifPresent(scores -> rows.put("predictions", scores));
        human.ifPresent(scores -> rows.put("people", scores));
        Set<String> names = new LinkedHashSet<>();
        rows.values().forEach(scores -> scores.columns().forEach(column -> names.add(column.name())));
        List<String> lines = new ArrayList<>();
        StringBuilder head = new StringBuilder(String.format("%-11s", ""));
        names.forEach(name -> head.append(String.format("  %10s", name)));
        lines.add(head.toString());
        rows.forEach((row, scores) -> {
            StringBuilder line = new StringBuilder(String.format("%-11s", row));
            for (String name : names) {
                Optional<Scores.Column> column = scores.columns().stream().filter(each -> each.name().equals(name)).findFirst();
                line.append(String.format("  %10s", column.map(c -> String.format(Locale.ROOT, "%.2f", 100 * c.value())).orElse("-")));
            }
            lines.add(line.toString());
        });
        return lines;
    }

    /** Writes everything as JSON: scores as they are computed, not times 100, with what came out besides, and counts. */
    public void write(Path file) {
        Map<String, Object> sheet = new LinkedHashMap<>();
        sheet.put("task", task.label());
        sheet.put("split", split.label());
        sheet.put("clips", clips());
        sheet.put("left_out", leftOut);
        sheet.put("repeated", repeated);
        predicted.ifPresent(scores -> sheet.put("predictions", json(scores)));
        human.ifPresent(scores -> sheet.put("people", json(scores)));
        AtomicFile.writeText(file, JSON.toJson(sheet) + "\n");
    }

    private static Map<String, Object> json(Scores scores) {
        Map<String, Object> json = new LinkedHashMap<>();
        scores.columns().forEach(column -> json.put(column.name(), column.value()));
        json.putAll(scores.more());
        return json;
    }
}
