package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** The paper's Tables 1 to 4 from the results of many configurations: those that name a row. */
public final class ResultTables {
    private static final String CHECKPOINTS = "checkpoints";

    private final String source;
    private final List<ResultTable> tables = new ArrayList<>();
    private final List<String> rowless;

    private ResultTables(Map<Path, TaskResults> results) {
        PaperTables paper = PaperTables.read();
        source = paper.source();
        paper.tables().stream().map(form -> new ResultTable(form, source, results)).filter(table -> !table.isEmpty()).forEach(tables::add);
        rowless = results.entrySet().stream().filter(each -> each.getValue().row().isEmpty()).map(each -> each.getKey().toString())
            .toList();
    }

    /**
     * Reads all results under some folders, at any depth.
     *
     * @throws KinemaException if there are none, one cannot be read, or two are for the same cell of a table
     */
    public static ResultTables of(List<Path> folders) {
        // the same folder may be found from two, and is named as it was found first
        Map<Path, Path> found = new LinkedHashMap<>();
        for (Path folder : folders) {
            try {
                for (Path each : find(folder)) {
                    found.putIfAbsent(each.toRealPath(), each);
                }
            } catch (IOException e) {
                throw new KinemaException("'" + folder + "' cannot be searched for results (" + e
                    + "): check the path and its permissions", e);
            }
        }
        if (found.isEmpty()) {
            throw new KinemaException("there is no " + TaskResults.FILE + " in " + folders + ": kinema finetune writes it when the first"
                + " runs of a configuration are done");
        }
        Map<Path, TaskResults> results = new TreeMap<>();
        found.values().forEach(each -> results.put(each, TaskResults.read(each.resolve(TaskResults.FILE))));
        return new ResultTables(results);
    }

    private static TreeSet<Path> find(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new KinemaException("'" + folder + "' is no folder: name those that kinema finetune has made, or one that holds them");
        }
        TreeSet<Path> found = new TreeSet<>();
        // a link is followed where it is the folder itself, and nowhere below
        Path top = Files.isSymbolicLink(folder) ? folder.toRealPath() : folder;
        Files.walkFileTree(top, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path inside, BasicFileAttributes attributes) {
                return inside.endsWith(CHECKPOINTS) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.endsWith(TaskResults.FILE)) {
                    found.add(file.getParent() == null ? Path.of("") : file.getParent());
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return found;
    }

    /** All tables that have a row, in Markdown. Scores are times 100, with the standard error of the mean where there are several runs. */
    public String markdown() {
        List<String> lines = new ArrayList<>();
        tables.forEach(table -> {
            lines.addAll(table.markdown());
            lines.add("");
        });
        if (!rowless.isEmpty()) {
            lines.add("In no table, for want of a `row` in their configuration: " + String.join(", ", rowless));
            lines.add("");
        }
        return String.join("\n", lines);
    }

    /** The same as JSON; scores as they are computed, with the values of all runs. */
    public String json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("source", source);
        json.put("tables", tables.stream().map(ResultTable::json).toList());
        json.put("in_no_table", rowless);
        return TaskResults.JSON.toJson(json) + "\n";
    }

    /** Writes {@link #markdown}. */
    public void writeMarkdown(Path file) {
        AtomicFile.writeText(file, markdown());
    }

    /** Writes {@link #json}. */
    public void writeJson(Path file) {
        AtomicFile.writeText(file, json());
    }
}
