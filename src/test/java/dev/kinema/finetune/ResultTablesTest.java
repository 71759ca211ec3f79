package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultTablesTest {
    private static final TaskResults.Clips CLIPS = new TaskResults.Clips(100, 20, 1);
    private static final List<Integer> FIRST = List.of(1);

    @TempDir
    private Path folder;

    private static TaskScores relations(double... means) {
        List<TaskScores.Outcome> outcomes = new ArrayList<>();
        for (double mean : means) {
            Map<String, Double> scores = new LinkedHashMap<>();
            scores.put(Scores.MEAN_ACC, mean);
            scores.put(Scores.TOP1_ACC, mean + 0.1);
            outcomes.add(new TaskScores.Outcome(outcomes.size() + 1, 2, scores));
        }
        Scores trivial = new Scores(Task.RELATIONS, 20,
            List.of(new Scores.Column(Scores.MEAN_ACC, 0.25), new Scores.Column(Scores.TOP1_ACC, 0.4)), Map.of());
        return TaskScores.of(Task.RELATIONS, outcomes, Map.of("most frequent relation", trivial), Optional.of(0.25));
    }

    private static TaskScores roles(double cider) {
        Map<String, Double> scores = new LinkedHashMap<>();
        List.of(Scores.CIDER, Scores.CIDER_VERB, Scores.CIDER_ARG, Scores.ROUGE_L, Scores.LEA).forEach(name -> scores.put(name, cider));
        return TaskScores.of(Task.ROLES, List.of(new TaskScores.Outcome(1, 10, scores)), Map.of(), Optional.empty());
    }

    private static TaskScores verbs(double accuracy) {
        Map<String, Double> scores = new LinkedHashMap<>();
        List.of(Scores.ACC_1, Scores.ACC_5, Scores.RECALL_5).forEach(name -> scores.put(name, accuracy));
        return TaskScores.of(Task.VERBS, List.of(new TaskScores.Outcome(1, 10, scores)), Map.of(), Optional.empty());
    }

    private Path write(String name, Optional<TableRow> row, String dataset, TaskScores... tasks) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        new TaskResults(row, Path.of(dataset), CLIPS, "1", "cpu", List.of(tasks)).write(run);
        return run;
    }

    private Path write(String name, TableRow row, TaskScores... tasks) throws IOException {
        return write(name, Optional.of(row), "data", tasks);
    }

    private static TableRow row(List<Integer> tables, String name, String variant) {
        return new TableRow(tables, name, variant, "");
    }

    @Test
    void tableIsMadeOfRowsInThePapersOrder() throws IOException {
        // the order of folders is another one, and a row's tasks are in two of them
        write("a", row(FIRST, "CVRL-K400", "TxE, pretrained"), relations(0.30, 0.34));
        write("deep/er/b", row(FIRST, "random", "no TxE"), relations(0.25, 0.25), roles(0.5));
        write("c", row(FIRST, "CVRL-K400", "no TxE"), roles(0.40625));
        write("d", row(FIRST, "CVRL-K400", "TxE, pretrained"), roles(0.6));
        write("e", row(FIRST, "Another | one", ""), relations(0.3));
        String expected = """
            ## Table 1: backbones, without and with TxE, on event relations and semantic roles

            | backbone | contextualizer | Mean-Acc | Top1-Acc | CIDEr | CIDEr-verb | CIDEr-arg | ROUGE-L | LEA | runs |
            |---|---|---|---|---|---|---|---|---|---|
            | random | no TxE | 25.00 ± 0.00 | 35.00 ± 0.00 | 50.00 | 50.00 | 50.00 | 50.00 | 50.00 | 2, 1 |
            | CVRL-K400 | no TxE |  |  | 40.63 | 40.63 | 40.63 | 40.63 | 40.63 | 1 |
            | CVRL-K400 | TxE, pretrained | 32.00 ± 2.00 | 42.00 ± 2.00 | 60.00 | 60.00 | 60.00 | 60.00 | 60.00 | 2, 1 |
            | Another \\| one |  | 30.00 | 40.00 |  |  |  |  |  | 1 |

            - chance, a constant answer: Mean-Acc 25.00
            - most frequent relation: Mean-Acc 25.00, Top1-Acc 40.00
            - CVPR 2022 paper, a model that never trains: Mean-Acc 25.00, Top1-Acc 39.42
            - CVPR 2022 paper, VidSitu's I3D: Mean-Acc 34.13, Top1-Acc 39.91
            - CVPR 2022 paper, its best: Mean-Acc 35.32, Top1-Acc 41.62
            - CVPR 2022 paper, its best: CIDEr 61.18, CIDEr-verb 69.15, CIDEr-arg 54.99, ROUGE-L 43.38, LEA 47.81
            """;
        assertEquals(expected + "\n", ResultTables.of(List.of(folder)).markdown() + "\n");
    }

    @Test
    void aResultStandsInEveryTableThatItNames() throws IOException {
        write("a", new TableRow(List.of(2, 4), "L2", "", "loss"), relations(0.3), roles(0.2));
        write("b", row(List.of(3), "random", ""), verbs(0.1));
        write("c", row(List.of(3), "CVRL-K400", ""), roles(0.1));
        String tables = ResultTables.of(List.of(folder)).markdown();
        assertFalse(tables.contains("## Table 1"), tables);
        assertTrue(tables.contains("| varied | to | Mean-Acc |") && tables.contains("| loss | L2 | 30.00 | 40.00 | 20.00 |"), tables);
        assertTrue(tables.contains("\n| group | sees | CIDEr |") && tables.contains("| loss | L2 | 20.00 |"), tables);
        assertTrue(tables.contains("| random | 10.00 | 10.00 | 10.00 | 1 |\n| CVRL-K400 |  |  |  |  |\n"), tables);
        String fourth = tables.substring(tables.indexOf("## Table 4"));
        assertFalse(fourth.contains("chance"), fourth);
    }

    @Test
    void jsonHasEveryRunNotTimesAHundred() throws IOException {
        write("a", row(FIRST, "CVRL-K400", "no TxE"), relations(0.30, 0.34));
        write("b", Optional.empty(), "data", verbs(0.5));
        ResultTables tables = ResultTables.of(List.of(folder));
        JsonObject all = JsonParser.parseString(tables.json()).getAsJsonObject();
        JsonObject table = all.getAsJsonArray("tables").get(0).getAsJsonObject();
        assertEquals(1, table.get("number").getAsInt());
        JsonObject row = table.getAsJsonArray("rows").get(0).getAsJsonObject();
        assertEquals("CVRL-K400", row.get("name").getAsString());
        JsonObject cell = row.getAsJsonArray("cells").get(0).getAsJsonObject();
        assertEquals(Scores.MEAN_ACC, cell.get("name").getAsString());
        assertEquals(0.34, cell.getAsJsonArray("values").get(1).getAsDouble(), 0);
        assertEquals(0.32, cell.get("mean").getAsDouble(), 1e-15);
        // the sample's deviation of two is their distance over sqrt 2, and that over sqrt 2 again half of it
        assertEquals(0.02, cell.get("standard_error").getAsDouble(), 1e-15);
        assertEquals(folder.resolve("a").toString(), row.getAsJsonObject("folders").get("evrel").getAsString());
        assertEquals(0.25, table.getAsJsonArray("chance").get(0).getAsDouble(), 0);
        assertEquals(folder.resolve("b").toString(), all.getAsJsonArray("in_no_table").get(0).getAsString());
        assertTrue(tables.markdown().endsWith("In no table, for want of a `row` in their configuration: " + folder.resolve("b") + "\n"));
    }

    @Test
    void theSameCellTwiceIsRefused() throws IOException {
        Path one = write("one", row(FIRST, "random", "no TxE"), relations(0.3));
        Path other = write("other", row(List.of(1, 4), "random", "no TxE"), roles(0.2), relations(0.31));
        String message = assertThrows(KinemaException.class, () -> ResultTables.of(List.of(folder))).getMessage();
        assertTrue(message.contains("Table 1, row 'random, no TxE', has results of evrel twice, in '" + one + "' and in '" + other
            + "'"), message);
        // a folder that is named twice is no second result
        assertTrue(ResultTables.of(List.of(one, one, folder.resolve("other/../one"))).markdown().contains("| random |"));
    }

    @Test
    void rowsOfOtherClipsAreNamed() throws IOException {
        write("a", row(FIRST, "random", ""), relations(0.3));
        write("b", Optional.of(row(FIRST, "CVRL-K400", "no TxE")), "other", relations(0.31));
        String tables = ResultTables.of(List.of(folder)).markdown();
        assertTrue(tables.contains("- not comparable with others: data, 100 clips to learn from, 20 to score on, 1 left out: random\n"
            + "- not comparable with others: other, 100 clips to learn from, 20 to score on, 1 left out: CVRL-K400, no TxE\n"), tables);
    }

    @Test
    void checkpointsAreNotSearchedAndNothingIsAnError() throws IOException {
        write("run/checkpoints", row(FIRST, "random", ""), relations(0.3));
        String message = assertThrows(KinemaException.class, () -> ResultTables.of(List.of(folder))).getMessage();
        assertTrue(message.contains("there is no results.json in [" + folder + "]"), message);
        message = assertThrows(KinemaException.class, () -> ResultTables.of(List.of(folder.resolve("none")))).getMessage();
        assertTrue(message.contains("is no folder"), message);
    }
}
