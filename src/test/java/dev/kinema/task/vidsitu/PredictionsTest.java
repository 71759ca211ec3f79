package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleWriter;
import dev.kinema.checkpoint.PickleWriter.Call;
import dev.kinema.checkpoint.PickleWriter.Global;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PredictionsTest {
    private static final List<Situation> CLIPS = StoryFiles.situations(3);
    private static final String FIRST = "(clip '" + CLIPS.get(0).clip() + "')";
    private static final String LAST = "(clip '" + CLIPS.get(2).clip() + "')";

    @TempDir
    private static Path folder;
    private static VidSituDataset dataset;

    @BeforeAll
    static void write() {
        dataset = StoryFiles.write(folder.resolve("data"), CLIPS);
    }

    private static Predictions<? extends Prediction> predictions(Task task) {
        return switch (task) {
            case VERBS -> StoryFiles.verbs(CLIPS);
            case ROLES -> StoryFiles.roles(CLIPS);
            case RELATIONS -> StoryFiles.relations(CLIPS);
        };
    }

    private static Predictions<? extends Prediction> read(Task task, Path file, VidSituDataset of) {
        return switch (task) {
            case VERBS -> Predictions.readVerbs(file, of, Split.VALID);
            case ROLES -> Predictions.readRoles(file, of, Split.VALID);
            case RELATIONS -> Predictions.readRelations(file, of, Split.VALID);
        };
    }

    private static Path written(Task task) {
        Path file = folder.resolve(task.label() + ".json");
        predictions(task).write(file);
        return file;
    }

    @Test
    void writtenOnesAreReadAsTheyWere() throws IOException {
        for (Task task : Task.values()) {
            Predictions<? extends Prediction> read = read(task, written(task), dataset);
            assertEquals(predictions(task).all(), read.all());
            assertEquals(0, read.repeated());
            assertEquals(CLIPS.size() + 2, Files.readAllLines(written(task)).size(), "a line a clip");
        }
        RolePrediction.Texts odd =
            new RolePrediction.Texts(Optional.empty(), Map.of("Arg0", " M\u00e4nner \ud83c\udfac\t\"\u2028", "", ""));
        RolePrediction roles = new RolePrediction(1, List.of(odd, new RolePrediction.Texts(Optional.of("a.01"), Map.of()), odd, odd, odd));
        Path file = folder.resolve("odd.json");
        Predictions.ofRoles(List.of(roles)).write(file);
        Predictions<RolePrediction> read = Predictions.readRoles(file, dataset, Split.VALID);
        assertEquals(List.of(roles), read.all());
        assertEquals(Optional.of(roles), read.of(1));
        assertTrue(read.of(0).isEmpty());
    }

    /** As the toolkit pickles them, with scores as arrays and an index of numpy's. */
    @Test
    void pickledOnesAreTheSame() throws IOException {
        List<Object> verbs = new ArrayList<>();
        for (VerbPrediction each : StoryFiles.verbs(CLIPS).all()) {
            verbs.add(record(each.index(), "pred_vbs_ev", each.verbs(), "pred_scores_ev", array(5, 3, each.scores())));
        }
        check(Task.VERBS, verbs);
        List<Object> roles = new ArrayList<>();
        for (RolePrediction each : StoryFiles.roles(CLIPS).all()) {
            Map<String, Object> output = new LinkedHashMap<>();
            for (int i = 0; i < 5; i++) {
                Map<String, Object> event = new LinkedHashMap<>();
                event.put("vb_id", each.events().get(i).verb().orElseThrow());
                event.putAll(each.events().get(i).roles());
                output.put("Ev" + (i + 1), event);
            }
            roles.add(record(each.index(), "vb_output", output));
        }
        check(Task.ROLES, roles);
        List<Object> relations = new ArrayList<>();
        for (RelationPrediction each : StoryFiles.relations(CLIPS).all()) {
            relations.add(record((long) each.index(), "pred_evrels_ev", each.relations()));
        }
        check(Task.RELATIONS, relations);
    }

    private static void check(Task task, List<Object> records) throws IOException {
        Path file = Files.write(folder.resolve(task.label() + ".pkl"), PickleWriter.pickle(records));
        assertEquals(read(task, written(task), dataset).all(), read(task, file, dataset).all());
    }

    private static Map<String, Object> record(Object index, Object... namesAndValues) {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("ann_idx", index);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            record.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return record;
    }

    private static Call array(int rows, int columns, List<List<Double>> values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
        values.forEach(row -> row.forEach(bytes::putDouble));
        Call type = new Call(new Global("numpy", "dtype"), List.of("f8", false, true), null);
        return new Call(new Global("numpy.core.multiarray", "_reconstruct"),
            List.of(new Global("numpy", "ndarray"), List.of(0), new byte[] {'b'}),
            List.of(1, List.of(rows, columns), type, false, bytes.array()));
    }

    @Test
    void pickledOnesAreNamedToo() throws IOException {
        Path file = folder.resolve("bad.pkl");
        Files.write(file, PickleWriter.pickle(List.of(record(2, "pred_evrels_ev", rows(4, null)))));
        refused(Task.RELATIONS, file, LAST, "field pred_evrels_ev[0][0]:", "is null");
        Files.write(file, PickleWriter.pickle(List.of(record(2, "vb_output", Map.of(1, "x")))));
        refused(Task.ROLES, file, "record 0", "field vb_output:", "the key 1");
        Files.write(file, PickleWriter.pickle(List.of(record(0, "vb_output", new byte[] {1}))));
        refused(Task.ROLES, file, "record 0", "field vb_output:", "neither text nor number");
        Files.write(file, PickleWriter.pickle(Map.of("a", 1)));
        refused(Task.ROLES, file, "no pickled list");
        Files.write(file, PickleWriter.pickle(List.of(new Call(new Global("os", "system"), List.of("true"), null))));
        refused(Task.VERBS, file, "os.system", "refuses");
    }

    /** Rows of three. */
    private static List<List<String>> rows(int rows, String value) {
        return Collections.nCopies(rows, Collections.nCopies(3, value));
    }

    private static void refused(Task task, Path file, String... named) {
        String message = assertThrows(KinemaException.class, () -> read(task, file, dataset)).getMessage();
        for (String part : named) {
            assertTrue(message.contains(part), () -> "no '" + part + "' in " + message);
        }
        assertTrue(message.startsWith(file.toString()) && message.lines().count() == 1 && message.lastIndexOf(": ") > 0, message);
    }

    private static Arguments bad(Task task, String text, String by, String... named) {
        return Arguments.of(task, text, by, named);
    }

    static Stream<Arguments> malformed() {
        String verb = "\"" + CLIPS.get(0).annotations().get(0).events().get(0).verbId() + "\"";
        return Stream.of(
            bad(Task.VERBS, "\"pred_vbs_ev\"", "\"pred_verbs\"", FIRST, "record 0", "field pred_vbs_ev:", "is missing"),
            bad(Task.VERBS, ",\"d.01\",\"e.01\",\"f.01\"]", "]", FIRST, "field pred_vbs_ev[0]:", "has 3 predictions", "5 are needed"),
            bad(Task.VERBS, verb, "7", FIRST, "field pred_vbs_ev[0][0]:", "the number 7, not a text"),
            bad(Task.VERBS, "\"b.01\"", "null", FIRST, "field pred_vbs_ev[0][1]:", "is null"),
            bad(Task.VERBS, "\"b.01\"", "\"\"", FIRST, "field pred_vbs_ev[0][1]:", "empty text"),
            bad(Task.VERBS, "\"pred_vbs_ev\":[", "\"pred_vbs_ev\":[[],", FIRST, "field pred_vbs_ev:", "has 6 events, not 5"),
            bad(Task.VERBS, "\"pred_vbs_ev\":[", "\"pred_vbs_ev\":{},\"x\":[", FIRST, "field pred_vbs_ev:", "is an object, not a list"),
            bad(Task.VERBS, "[0.5,", "[\"0.5\",", FIRST, "field pred_scores_ev[0][0]:", "the text '0.5', not a number"),
            bad(Task.VERBS, "[0.5,", "[1e999,", FIRST, "field pred_scores_ev[0][0]:", "not a finite number"),
            bad(Task.VERBS, "\"pred_scores_ev\":[", "\"pred_scores_ev\":[[],", FIRST, "field pred_scores_ev:", "6 events, not of 5"),
            bad(Task.VERBS, "\"ann_idx\":2", "\"ann_idx\":3", "record 2", "field ann_idx:", "is 3", "valid, 0 to 2"),
            bad(Task.VERBS, "\"ann_idx\":2", "\"ann_idx\":-1", "record 2", "field ann_idx:", "is -1"),
            bad(Task.VERBS, "\"ann_idx\":2", "\"ann_idx\":1.5", "record 2", "field ann_idx:", "is 1.5"),
            bad(Task.VERBS, "\"ann_idx\":2", "\"ann_idx\":\"2\"", "record 2", "field ann_idx:", "the text '2', not a number"),
            bad(Task.VERBS, "\"ann_idx\":2,", "", "record 2", "field ann_idx:", "is missing"),
            bad(Task.VERBS, "\"ann_idx\":2", "\"ann_idx\":0", "record 2", FIRST, "field ann_idx:", "that of record 0", "others"),
            bad(Task.VERBS, "{\"ann_idx\":0", "7,{\"ann_idx\":0", "record 0: is the number 7, not an object"),
            bad(Task.VERBS, "\"ann_idx\":0", "\"ann_idx\":0,\"ann_idx\":0", FIRST, "field ann_idx: is there twice"),
            bad(Task.VERBS, "[", "{\"a\":[", "no JSON list"),
            bad(Task.VERBS, "\"e.01\"", "\"e.01", "record 0", "no JSON"),
            bad(Task.ROLES, "\"vb_output\"", "\"output\"", FIRST, "field vb_output:", "is missing"),
            bad(Task.ROLES, "\"Ev4\"", "\"Ev0\"", FIRST, "field vb_output.Ev4:", "is missing"),
            bad(Task.ROLES, "\"Ev1\"", "\"Ev6\":{},\"Ev1\"", FIRST, "field vb_output.Ev6:", "is no event"),
            bad(Task.ROLES, "\"Ev1\":{", "\"Ev1\":[],\"Ev7\":{", FIRST, "field vb_output.Ev1:", "is a list, not an object"),
            bad(Task.ROLES, "\"Arg0\":", "\"Arg5\":null,\"Arg0\":", FIRST, "field vb_output.Ev1.Arg5:", "is null, not a text"),
            bad(Task.ROLES, "\"Arg0\":", "\"Arg0\":\"x\",\"Arg0\":", FIRST, "field vb_output.Ev1.Arg0: is there twice"),
            bad(Task.ROLES, "\"vb_id\":", "\"vb_id\":[],\"Arg9\":", FIRST, "field vb_output.Ev1.vb_id:", "is a list, not a text"),
            bad(Task.RELATIONS, "\"pred_evrels_ev\":[", "\"pred_evrels_ev\":[[\"Causes\"],", FIRST, "has 5 events, not 4"),
            bad(Task.RELATIONS, "\"pred_evrels_ev\":[[\"", "\"pred_evrels_ev\":[[\"x", FIRST, "field pred_evrels_ev[0][0]:", "is 'x",
                "'Reaction To'"),
            bad(Task.RELATIONS, "\"pred_evrels_ev\":[[", "\"pred_evrels_ev\":[[],[", FIRST, "field pred_evrels_ev:", "has 5 events"),
            bad(Task.RELATIONS, "\"pred_evrels_ev\":[[", "\"pred_evrels_ev\":[[\"NoRel\"],[\"NoRel\"],[],[]],\"x\":[[", FIRST,
                "field pred_evrels_ev[0]:", "has 1 predictions, and 3 are needed"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void clipAndFieldAreNamed(Task task, String text, String by, String[] named) throws IOException {
        String before = Files.readString(written(task));
        int at = before.indexOf(text);
        assertTrue(at >= 0, () -> "no " + text + " in " + before);
        Path file = Files.writeString(folder.resolve("malformed.json"),
            before.substring(0, at) + by + before.substring(at + text.length()));
        refused(task, file, named);
    }

    @Test
    void sameClipWithTheSameAnswersCountsOnce() throws IOException {
        String text = Files.readString(written(Task.VERBS)).strip();
        String again = text.lines().skip(1).findFirst().orElseThrow();
        // as unsure as it may be, and with another sixth verb
        String other = again.replace("0.5", "0.4").replace("\"f.01\"", "\"g.01\"");
        Path file = Files.writeString(folder.resolve("again.json"), text.substring(0, text.length() - 1) + "," + again + "," + other + "]");
        Predictions<VerbPrediction> read = Predictions.readVerbs(file, dataset, Split.VALID);
        assertEquals(2, read.repeated());
        assertEquals(StoryFiles.verbs(CLIPS).all(), read.all(), "the first is kept");
        Files.writeString(file, text.substring(0, text.length() - 1) + "," + again.replace("\"e.01\"", "\"g.01\"") + "]");
        refused(Task.VERBS, file, FIRST, "record 3", "field ann_idx:", "record 0");
    }

    /** Scores and verbs may be missing; left out clips may be anything. */
    @Test
    void whatIsNotScoredMayBeMissing() throws IOException {
        Path file = folder.resolve("bare.json");
        String verbs = "[\"a\",\"b\",\"c\",\"d\",\"e\"]";
        Files.writeString(file, "[{\"ann_idx\":1,\"pred_vbs_ev\":[" + String.join(",", Collections.nCopies(5, verbs)) + "]},"
            + "{\"ann_idx\":0,\"pred_vbs_ev\":7}]");
        VidSituDataset without = dataset.without(Set.of(CLIPS.get(0).clip().id()));
        List<VerbPrediction> bare = Predictions.readVerbs(file, without, Split.VALID).all();
        assertEquals(List.of(List.of()), bare.stream().map(VerbPrediction::scores).toList());
        refused(Task.VERBS, file, FIRST, "field pred_vbs_ev:");
        Files.writeString(file, "[{\"ann_idx\":1,\"vb_output\":{\"Ev1\":{},\"Ev2\":{},\"Ev3\":{},\"Ev4\":{},\"Ev5\":{}}}]");
        assertEquals(Map.of(), Predictions.readRoles(file, dataset, Split.VALID).all().get(0).events().get(4).roles());
        Files.delete(file);
        refused(Task.ROLES, file, "no such file");
    }

    @Test
    void modelsAreHeldToTheForm() {
        List<String> verbs = List.of("a", "b", "c", "d", "e");
        assertThrows(IllegalArgumentException.class, () -> new VerbPrediction(0, Collections.nCopies(4, verbs), List.of()));
        assertThrows(IllegalArgumentException.class, () -> new VerbPrediction(0, Collections.nCopies(5, verbs.subList(0, 4)), List.of()));
        assertThrows(IllegalArgumentException.class,
            () -> new VerbPrediction(0, Collections.nCopies(5, verbs), Collections.nCopies(5, List.of(Double.NaN))));
        assertThrows(IllegalArgumentException.class, () -> new RolePrediction(0, List.of()));
        assertThrows(IllegalArgumentException.class, () -> new RelationPrediction(0, rows(5, "Causes"), List.of()));
        assertThrows(IllegalArgumentException.class, () -> Predictions.ofVerbs(List.of(StoryFiles.verbs(CLIPS).all().get(0),
            StoryFiles.verbs(CLIPS).all().get(0))));
    }
}
