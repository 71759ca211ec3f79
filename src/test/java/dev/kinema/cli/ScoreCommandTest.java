package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.task.vidsitu.Predictions;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.RelationPrediction;
import dev.kinema.task.vidsitu.VerbPrediction;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreCommandTest {
    @TempDir
    private static Path folder;
    private static Path dataset;
    private static Path verbs;
    private static List<Situation> situations;

    /** Verbs that are right in the first clip and wrong in the two others. */
    @BeforeAll
    static void write() {
        dataset = folder.resolve("made");
        CommandRun.of("vidsitu", "make", dataset, "--train", 1, "--valid", 3, "--test", 1).done();
        situations = VidSituDataset.open(dataset).situations(Split.VALID);
        verbs = folder.resolve("verbs.json");
        Predictions.ofVerbs(situations.stream().map(each -> new VerbPrediction(each.index(), each.votes().stream()
            .map(votes -> List.of(each.index() == 0 ? votes.get(0) : "none.01", "b", "c", "d", "e")).toList(), List.of())).toList())
            .write(verbs);
    }

    private static List<String> row(String out, String name) {
        return List.of(out.lines().filter(line -> line.startsWith(name)).findFirst().orElseThrow().strip().split(" +"));
    }

    @Test
    void columnsArePrintedAndAllIsWritten() throws IOException {
        Path json = folder.resolve("scores.json");
        String out = CommandRun.of("vidsitu", "score", "--task", "vb", verbs, "--data", dataset, "--human", "--out", json).done().out();
        assertEquals("valid: 3 clips scored, 0 left out", out.lines().findFirst().orElseThrow());
        assertEquals(List.of("Acc@1", "Acc@5", "Recall@5"), row(out, " "));
        assertEquals(List.of("predictions", "33.33", "33.33", "0.00"), row(out, "predictions"));
        assertEquals(List.of("people", "-", "-"), List.of(row(out, "people").get(0), row(out, "people").get(2), row(out, "people").get(3)));
        JsonObject scores = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
        assertEquals("vb", scores.get("task").getAsString());
        assertEquals(3, scores.get("clips").getAsInt());
        JsonObject predicted = scores.getAsJsonObject("predictions");
        assertEquals(1 / 3.0, predicted.get("Acc@1").getAsDouble(), 1e-15, "not rounded");
        assertEquals(15, predicted.get("events").getAsInt());
        assertEquals(5, predicted.getAsJsonArray("accuracy_top_1_to_5").size());
        assertEquals(10, predicted.getAsJsonArray("recall_more_than_0_to_9_events").size());
        double people = scores.getAsJsonObject("people").get("Acc@1").getAsDouble();
        assertTrue(people >= 0.6 && people < 1, "six of ten agree at least, and some others not: " + people);
    }

    @Test
    void clipsAreLeftOut() throws IOException {
        Path list = Files.writeString(folder.resolve("out.txt"), situations.get(1).clip() + "\n");
        String out = CommandRun.of("vidsitu", "score", "--task", "vb", verbs, "--data", dataset, "--leave-out", list).done().out();
        assertEquals("valid: 2 clips scored, 1 left out", out.lines().findFirst().orElseThrow());
        assertEquals(List.of("predictions", "50.00", "50.00", "0.00"), row(out, "predictions"));
    }

    @Test
    void relationsThatNobodyLearnedGiveChance() {
        Path file = folder.resolve("relations.json");
        Predictions.ofRelations(situations.stream().map(each -> new RelationPrediction(each.index(),
            Collections.nCopies(4, Collections.nCopies(3, "NoRel")), List.of())).toList()).write(file);
        String out = CommandRun.of("vidsitu", "score", file, "--task", "evrel", "--data", dataset).done().out();
        assertEquals(List.of("Mean-Acc", "Top1-Acc"), row(out, " "));
        assertTrue(List.of("100.00", "50.00", "33.33", "25.00", "0.00").contains(row(out, "predictions").get(1)), out);
    }

    @Test
    void peopleAloneAreScored() {
        String out = CommandRun.of("vidsitu", "score", "--task", "srl", "--data", dataset, "--human").done().out();
        assertEquals(List.of("CIDEr", "CIDEr-verb", "CIDEr-arg", "ROUGE-L", "LEA"), row(out, " "));
        assertTrue(Double.parseDouble(row(out, "people").get(4)) > 50, out);
        assertEquals(3, out.lines().count(), out);
    }

    @Test
    void wrongUsageAndBadFilesAreNamed() throws IOException {
        CommandRun.of("vidsitu", "score", verbs, "--data", dataset).failed(ExitCode.USAGE, "--task");
        CommandRun.of("vidsitu", "score", verbs, "--task", "verbs", "--data", dataset).failed(ExitCode.USAGE, "verbs", "vb, srl, evrel");
        CommandRun.of("vidsitu", "score", verbs, "--task", "vb", "--data", dataset, "--split", "train")
            .failed(ExitCode.USAGE, "train", "valid, testvb");
        CommandRun.of("vidsitu", "score", "--task", "vb", "--data", dataset).failed(ExitCode.USAGE, "--human");
        CommandRun.of("vidsitu", "score", verbs, "--task", "srl", "--data", dataset)
            .failed(ExitCode.FAILED, "verbs.json", situations.get(0).clip().id(), "vb_output");
        String test = "[" + Files.readAllLines(verbs).get(1) + "]";
        Path one = Files.writeString(folder.resolve("one.json"), test);
        CommandRun.of("vidsitu", "score", one, "--task", "vb", "--data", dataset)
            .failed(ExitCode.FAILED, "no prediction of clip '" + situations.get(1).clip() + "'", "ann_idx 1", "1 more");
        CommandRun.of("vidsitu", "score", one, "--task", "vb", "--data", dataset, "--split", "testvb")
            .failed(ExitCode.FAILED, "testvb has no votes", "hides");
        Path all = Files.writeString(folder.resolve("list.txt"), String.join("\n", situations.stream().map(s -> s.clip().id()).toList()));
        CommandRun.of("vidsitu", "score", verbs, "--task", "vb", "--data", dataset, "--leave-out", all)
            .failed(ExitCode.FAILED, "no clip of valid is left");
    }
}
