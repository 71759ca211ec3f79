package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.kinema.finetune.TableRow;
import dev.kinema.finetune.TaskResults;
import dev.kinema.finetune.TaskScores;
import dev.kinema.task.vidsitu.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableCommandTest {
    @TempDir
    private Path folder;

    private void write(String name) throws IOException {
        TaskScores verbs = TaskScores.of(Task.VERBS, List.of(new TaskScores.Outcome(1, 2, Map.of("Acc@1", 0.125))), Map.of(),
            Optional.empty());
        new TaskResults(Optional.of(new TableRow(List.of(3), "random", "", "")), Path.of("data"), new TaskResults.Clips(8, 4, 0), "0.1",
            "cpu", List.of(verbs)).write(Files.createDirectories(folder.resolve(name)));
    }

    @Test
    void tablesArePrintedAndWritten() throws IOException {
        write("run");
        Path markdown = folder.resolve("tables.md");
        Path json = folder.resolve("tables.json");
        String out = CommandRun.of("table", folder, "--markdown", markdown, "--json", json).done().out();
        assertTrue(out.startsWith("## Table 3: ") && out.contains("| random | 12.50 |  |  | 1 |\n"), out);
        assertEquals(out, Files.readString(markdown));
        assertEquals(3, JsonParser.parseString(Files.readString(json)).getAsJsonObject().getAsJsonArray("tables").get(0).getAsJsonObject()
            .get("number").getAsInt());
    }

    @Test
    void whatCannotBeATableIsOneLine() throws IOException {
        CommandRun.of("table", folder).failed(ExitCode.FAILED, "there is no results.json in", "kinema finetune");
        CommandRun.of("table").failed(ExitCode.USAGE, "FOLDER");
        write("one");
        write("two");
        CommandRun.of("table", folder).failed(ExitCode.FAILED, "twice", folder.resolve("one").toString(), folder.resolve("two").toString());
    }
}
