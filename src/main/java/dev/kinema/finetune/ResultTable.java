package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.task.vidsitu.Scores;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One of the paper's tables, from the results that have a row in it. */
final class ResultTable {
    private static final String RUNS = "runs";

    private final PaperTables.Form form;
    private final String source;
    private final List<Row> rows = new ArrayList<>();

    /** A task's scores with the folder that they are from. */
    private record Found(Path folder, TaskResults results, TaskScores scores) {}

    /** A row; a task of it may be in another folder than another. */
    private record Row(TableRow place, List<Found> tasks) {
        Optional<ScoreColumn> cell(String column) {
            return tasks.stream().flatMap(found -> found.scores().column(column).stream()).findFirst();
        }

        /** Of its tasks, in order: one number where they have as many. */
        String runs() {
            return tasks.stream().map(found -> Integer.toString(found.scores().runs().size())).distinct().collect(Collectors.joining(", "));
        }

        String name() {
            return Stream.of(place.group(), place.name(), place.variant()).filter(part -> !part.isEmpty())
                .collect(Collectors.joining(", "));
        }
    }

    /**
     * A table.
     *
     * @param results by their folders
     * @throws KinemaException if two of them are for the same cell
     */
    ResultTable(PaperTables.Form form, String source, Map<Path, TaskResults> results) {
        this.form = form;
        this.source = source;
        Map<TableRow, Row> sorted = new TreeMap<>(form.order());
        results.forEach((folder, each) -> each.row().filter(row -> row.tables().contains(form.number())).ifPresent(place -> {
            Row row = sorted.computeIfAbsent(place, first -> new Row(first, new ArrayList<>()));
            each.tasks().stream().filter(scores -> form.columns().stream().anyMatch(column -> scores.column(column).isPresent()))
                .forEach(scores -> put(row, new Found(folder, each, scores)));
        }));
        rows.addAll(sorted.values());
    }

    private void put(Row row, Found found) {
        row.tasks().stream().filter(before -> before.scores().task().equals(found.scores().task())).findFirst().ifPresent(before -> {
            throw new KinemaException("Table " + form.number() + ", row '" + row.name() + "', has results of " + found.scores().task()
                + " twice, in '" + before.folder() + "' and in '" + found.folder() + "': name folders with one of the two, or give one"
                + " another row");
        });
        row.tasks().add(found);
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Lines of a section. */
    List<String> markdown() {
        List<String> lines = new ArrayList<>();
        lines.add("## Table " + form.number() + ": " + form.title());
        lines.add("");
        boolean groups = rows.stream().anyMatch(row -> !row.place().group().isEmpty());
        boolean variants = rows.stream().anyMatch(row -> !row.place().variant().isEmpty());
        List<String> head = line(groups, variants, form.headings(), form.columns(), RUNS);
        lines.add(markdown(head));
        lines.add("|" + "---|".repeat(head.size()));
        for (Row row : rows) {
            List<String> cells = form.columns().stream().map(column -> row.cell(column).map(ScoreColumn::percent).orElse("")).toList();
            TableRow place = row.place();
            lines.add(markdown(line(groups, variants, List.of(place.group(), place.name(), place.variant()), cells, row.runs())));
        }
        lines.add("");
        Stream.of(chances(), baselines(), known(), differences()).flatMap(List::stream).forEach(note -> lines.add("- " + note));
        if (lines.get(lines.size() - 1).isEmpty()) {
            lines.remove(lines.size() - 1);
        }
        return lines;
    }

    private static List<String> line(boolean groups, boolean variants, List<String> place, List<String> cells, String runs) {
        List<String> line = new ArrayList<>();
        IntStream.range(0, place.size()).filter(i -> i == 1 || (i == 0 ? groups : variants)).forEach(i -> line.add(place.get(i)));
        line.addAll(cells);
        line.add(runs);
        return line;
    }

    private static String markdown(List<String> cells) {
        return cells.stream().map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ", "| ", " |"));
    }

    private Stream<Found> found() {
        return rows.stream().flatMap(row -> row.tasks().stream());
    }

    /** Levels of chance, of all results the same one where they are of the same clips. */
    private List<Double> levels() {
        return found().flatMap(each -> each.scores().chance().stream()).distinct().sorted().toList();
    }

    private List<String> chances() {
        return levels().stream().map(level -> "chance, a constant answer: " + Scores.MEAN_ACC + " " + ScoreColumn.percent(level)).toList();
    }

    private Set<TaskScores.Baseline> distinctBaselines() {
        return found().flatMap(each -> each.scores().baselines().stream()).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private List<String> baselines() {
        return distinctBaselines().stream().map(baseline -> baseline.name() + ": " + baseline.columns().stream()
            .map(score -> score.name() + " " + ScoreColumn.percent(score.value())).collect(Collectors.joining(", "))).toList();
    }

    private List<String> known() {
        return form.paper().stream().map(known -> source + ", " + known.row() + ": " + IntStream.range(0, known.columns().size())
            .mapToObj(i -> known.columns().get(i) + " " + String.format(Locale.ROOT, "%.2f", known.values().get(i)))
            .collect(Collectors.joining(", "))).toList();
    }

    /** What rows are of, where it is not the same of all. */
    private List<String> differences() {
        Map<String, Set<String>> byClips = new LinkedHashMap<>();
        rows.forEach(row -> row.tasks().forEach(found ->
            byClips.computeIfAbsent(found.results().used(), clips -> new LinkedHashSet<>()).add(row.name())));
        return byClips.size() < 2 ? List.of() : byClips.entrySet().stream().map(entry -> "not comparable with others: " + entry.getKey()
            + ": " + String.join("; ", entry.getValue())).toList();
    }

    /** Scores as they are computed; {@code paper} times 100. */
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("number", form.number());
        json.put("title", form.title());
        json.put("columns", form.columns());
        json.put("rows", rows.stream().map(this::json).toList());
        json.put("chance", levels());
        json.put("baselines", distinctBaselines());
        json.put("paper_times_100", form.paper());
        json.put("notes", differences());
        return json;
    }

    private Map<String, Object> json(Row row) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("group", row.place().group());
        json.put("name", row.place().name());
        json.put("variant", row.place().variant());
        json.put("cells", form.columns().stream().flatMap(column -> row.cell(column).stream()).toList());
        Map<String, String> folders = new LinkedHashMap<>();
        row.tasks().forEach(found -> folders.put(found.scores().task(), found.folder().toString()));
        json.put("folders", folders);
        return json;
    }
}
