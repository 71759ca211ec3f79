package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TaskResultsTest {
    @TempDir
    private Path folder;

    private static Map<String, Double> scores(double mean, double top1) {
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put(Scores.MEAN_ACC, mean);
        scores.put(Scores.TOP1_ACC, top1);
        return scores;
    }

    /** Three runs of relations and one of verbs. */
    private static TaskResults results() {
        Scores trivial = new Scores(Task.RELATIONS, 20,
            List.of(new Scores.Column(Scores.MEAN_ACC, 0.25), new Scores.Column(Scores.TOP1_ACC, 1 / 3.0)), Map.of());
        TaskScores relations = TaskScores.of(Task.RELATIONS, List.of(new TaskScores.Outcome(7, 3, scores(0.31, 0.40)),
            new TaskScores.Outcome(8, 0, scores(0.33, 0.41)), new TaskScores.Outcome(9, 10, scores(0.38, 1e-5))),
            Map.of("most frequent relation", trivial), Optional.of(0.25));
        TaskScores verbs = TaskScores.of(Task.VERBS, List.of(new TaskScores.Outcome(7, 1, Map.of(Scores.ACC_1, 0.5))), Map.of(),
            Optional.empty());
        return new TaskResults(Optional.of(new TableRow(List.of(1, 3), "CVRL-K400+VS", "TxE, \"drawn\" ±", "")), Path.of("data/vidsitu"),
            new TaskResults.Clips(23_500, 1085, 241), "0.1", "cpu: 2 threads", List.of(relations, verbs));
    }

    @Test
    void isReadAsItWasWritten() {
        results().write(folder);
        assertEquals(results(), TaskResults.read(folder.resolve(TaskResults.FILE)));
    }

    @Test
    void runsAreAddedOneByOne() {
        TaskResults whole = results();
        TaskResults grown = new TaskResults(whole.row(), whole.dataset(), whole.clips(), whole.kinema(), whole.device(), List.of());
        for (TaskScores scores : whole.tasks()) {
            Map<String, Scores> baselines = new LinkedHashMap<>();
            scores.baselines().forEach(each -> baselines.put(each.name(), new Scores(Task.RELATIONS, 20, each.columns(), Map.of())));
            for (TaskScores.Outcome outcome : scores.outcomes()) {
                grown = grown.with(Task.of(scores.task()).orElseThrow(), outcome, baselines, scores.chance());
            }
        }
        assertEquals(whole, grown);
    }

    @Test
    void meanAndStandardErrorAreTheSamples() {
        ScoreColumn column = results().tasks().get(0).column(Scores.MEAN_ACC).orElseThrow();
        assertEquals(0.34, column.mean(), 1e-15);
        // deviations -3, -1 and 4: variance 26 / 2, and of the mean 13 / 3
        assertEquals(0.01 * Math.sqrt(13 / 3.0), column.standardError().orElseThrow(), 1e-15);
        assertEquals(Optional.empty(), results().tasks().get(1).columns().get(0).standardError());
    }

    @Test
    void linesAreForPeople() {
        assertEquals(List.of(
            "data/vidsitu, 23500 clips to learn from, 1085 to score on, 241 left out",
            "",
            "evrel                   Mean-Acc      Top1-Acc",
            "mean ± s.e. of 3 runs   34.00 ± 2.08  27.00 ± 13.50",
            "most frequent relation  25.00         33.33",
            "chance                  25.00",
            "",
            "vb       Acc@1",
            "one run  50.00"), results().lines());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"device\": | \"devise\": | devise: unknown key (did you mean device?)",
        "\"kinema\": \"0.1\", | | lacks the key kinema",
        "\"train\": 23500 | \"train\": -1 | clips: train is -1",
        "\"train\": 23500 | \"train\": \"all\" | clips.train: must be",
        "\"task\": \"evrel\" | \"task\": \"relations\" | task is 'relations': it must be one of vb, srl, evrel",
        "\"task\": \"evrel\" | \"task\": \"vb\" | tasks is [vb, vb]: it must have each task once",
        "\"seed\": 8 | \"seed\": 7 | runs of evrel has the same twice, [7, 7, 9]",
        "\"best_epoch\": 10 | \"best_epoch\": -1 | best_epoch is -1",
        "\"tables\": [ | \"tables\": [5, | tables is [5, 1, 3]",
        "0.38 | 0.39 | mean of Mean-Acc is 0.34",
        "0.38 | .nan | values of Mean-Acc is [0.31, 0.33, NaN]",
        "\"name\": \"Top1-Acc\", | \"name\": \"Mean-Acc\", | columns of evrel has the same twice",
        "} | | is not YAML"})
    void whatIsWrongIsNamedByFileAndField(String part, String other, String said) throws IOException {
        results().write(folder);
        Path file = folder.resolve(TaskResults.FILE);
        String text = Files.readString(file);
        assertTrue(text.contains(part), text);
        Files.writeString(file, part.equals("}") ? text.substring(0, text.lastIndexOf('}'))
            : text.replaceFirst(Pattern.quote(part), Matcher.quoteReplacement(other == null ? "" : other)));
        String message = assertThrows(KinemaException.class, () -> TaskResults.read(file)).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(said), message);
    }

    @Test
    void valuesThatAreMissingAreNamed() throws IOException {
        results().write(folder);
        Path file = folder.resolve(TaskResults.FILE);
        Files.writeString(file, Files.readString(file).replaceFirst("\"standard_error\": [^\\n]*\\n", "")
            .replace("\"mean\": 0.34,", "\"mean\": 0.34"));
        String message = assertThrows(KinemaException.class, () -> TaskResults.read(file)).getMessage();
        assertTrue(message.contains("standard_error of Mean-Acc is missing"), message);
        message = assertThrows(KinemaException.class, () -> TaskResults.read(folder.resolve("none.json"))).getMessage();
        assertTrue(message.contains("there is no") && message.contains("kinema finetune"), message);
    }
}
