package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every malformed record is named by file, clip and field, and what is merely odd is kept as it is. */
class MalformedRecordsTest {
    private static final String ANNOTATIONS = Split.VALID.annotationFile();
    private static final String VOTES = Split.VALID.infoFile();

    @TempDir
    private Path folder;
    private TinyFiles files;

    @BeforeEach
    void write() {
        files = new TinyFiles(folder);
    }

    private static Arguments bad(String file, String text, String by, String... named) {
        return Arguments.of(file, text, by, List.of(named));
    }

    static Stream<Arguments> malformed() {
        String clip = "(clip '" + TinyFiles.VALID + "')";
        String positions = "\"Arg_List\":{\"Arg0 (opener)\":\"0\"";
        return Stream.of(
            bad(ANNOTATIONS, "\"Ev4\":", "\"Ev7\":", clip, "record 0", "field Ev4:", "is missing"),
            bad(ANNOTATIONS, "\"Verb\":\"open (make open)\"", "\"Verb\":7", clip, "field Ev1.Verb:", "the number 7", "not a text"),
            bad(ANNOTATIONS, "\"VerbID\":\"open.01\",", "", clip, "field Ev1.VerbID:", "is missing"),
            bad(ANNOTATIONS, "open.02", " ", clip, "field Ev2.VerbID:", "is empty"),
            bad(ANNOTATIONS, "\"EvRel\":\"Causes\"", "\"EvRel\":\"causes\"", clip, "field Ev1.EvRel:", "'causes'", "Reaction To"),
            bad(ANNOTATIONS, "\"EvRel\":\"Causes\",", "", clip, "field Ev1.EvRel:", "is missing"),
            bad(ANNOTATIONS, "\"Verb\":\"open (make open)\",\"VerbID\":\"open.03\"",
                "\"EvRel\":\"Causes\",\"Verb\":\"v\",\"VerbID\":\"open.03\"", clip, "field Ev3.EvRel:", "related to"),
            bad(ANNOTATIONS, "\"Arg0 (opener)\":\"man\"", "\"Arg0 (opener)\":null", clip, "field Ev1.Args.Arg0 (opener):", "is null"),
            bad(ANNOTATIONS, "\"Args\":{", "\"Args\":[],\"Other\":{", clip, "field Ev1.Args:", "is a list, not an object"),
            bad(ANNOTATIONS, "\"Arg0 (opener)\":\"man\"", "\"Arg9 (opener)\":\"man\"", clip, "field Ev1.Args.Arg0 (opener):", "is missing"),
            bad(ANNOTATIONS, "\"Arg0 (opener)\":\"man\"", "\"Arg0 (opener)\":\"man\",\"ArgM (time)\":\"now\"", clip,
                "field Ev1.Args.ArgM (time):", "no role's name"),
            bad(ANNOTATIONS, positions, "\"Arg_List\":{\"X\":\"0\"", clip, "field Ev1.Args.X:", "is missing"),
            bad(ANNOTATIONS, positions + ",", "\"Arg_List\":{", clip, "field Ev1.Arg_List.Arg0 (opener):", "needs a position"),
            bad(ANNOTATIONS, positions, "\"Arg_List\":{\"Arg0 (opener)\":0", clip, "field Ev1.Arg_List.Arg0 (opener):", "the number 0"),
            bad(ANNOTATIONS, positions, "\"Arg_List\":{\"Arg0 (opener)\":\"first\"", clip, "field Ev1.Arg_List.Arg0 (opener):", "'first'"),
            bad(ANNOTATIONS, positions, "\"Arg_List\":{\"Arg0 (opener)\":\"1\"", clip, "Ev1.Arg_List.", "has the position of"),
            bad(ANNOTATIONS, positions, positions + ",\"Arg0 (opener)\":\"3\"", clip,
                "field Ev1.Arg_List.Arg0 (opener):", "is there twice"),
            bad(ANNOTATIONS, "\"vid_seg_int\":\"" + TinyFiles.VALID, "\"vid_seg_int\":\"v_Q_seg_80_99", "'v_Q_seg_80_99'",
                "field Ev1.vid_seg_int:", "no clip's id"),
            bad(ANNOTATIONS, "\"Ev2\":{\"vid_uid\":\"x1\",\"vid_seg_int\":\"" + TinyFiles.VALID,
                "\"Ev2\":{\"vid_seg_int\":\"v_Q_seg_80_90", clip, "field Ev2.vid_seg_int:", "but that of Ev1 is"),
            bad(ANNOTATIONS, "[{", "[{},{", "record 0, field Ev1:", "is missing"),
            bad(ANNOTATIONS, "[{", "[7,{", "record 0: is the number 7, not an object"),
            bad(ANNOTATIONS, "\"open.01\"", "\"open.01", "record 0", "no JSON"),
            bad(ANNOTATIONS, "}]", "}", "ends early"),
            bad(ANNOTATIONS, "[{", "{\"x\":{", "no JSON list"),
            bad(ANNOTATIONS, "}]", "}] 1", "record 3", "no JSON"),
            bad(VOTES, "}]", "}] 1", "after the end"),
            bad(VOTES, TinyFiles.votes(2, 10), TinyFiles.votes(2, 2), clip, "field vbid_lst.Ev2:", "has 2 verbs", "9 are needed"),
            bad(VOTES, "\"Ev5\"", "\"Ev6\"", clip, "field vbid_lst.Ev5:", "is missing"),
            bad(VOTES, "\"vbid_lst\"", "\"vb_ids\"", clip, "field vbid_lst:", "is missing"),
            bad(VOTES, "\"open.01\"", "1", clip, "field vbid_lst.Ev1[0]:", "the number 1"),
            bad(VOTES, "\"open.01\"", "\"\"", clip, "field vbid_lst.Ev1[0]:", "empty"),
            bad(VOTES, "\"start\":80", "\"start\":70", clip, "field start:", "70", "80"),
            bad(VOTES, "\"end\":90", "\"end\":\"90\"", clip, "field end:", "the text '90'"),
            bad(VOTES, TinyFiles.VALID, "v_Q_seg_80_90", TinyFiles.VALID, "has no verbs of it"),
            bad(Split.VALID.splitFile(), TinyFiles.VALID, "v_x", "record 0", "'v_x'"),
            bad(Split.VALID.splitFile(), "[", "[\"" + TinyFiles.VALID + "\",", "record 1", "is record 0 already"),
            bad(Split.VALID.splitFile(), "[", "[null,", "record 0", "no text"),
            bad(Split.VALID.splitFile(), "[", "[\"v_Other_seg_0_10\",", Split.VALID.annotationFile(), "'v_Other_seg_0_10'",
                "has 0 annotations of it, and 3 are needed"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void fileClipAndFieldAreNamed(String file, String text, String by, List<String> named) {
        files.replace(file, text, by);
        String message = assertThrows(KinemaException.class, () -> files.open().situations(Split.VALID)).getMessage();
        named.forEach(part -> assertTrue(message.contains(part), () -> "no '" + part + "' in " + message));
        assertTrue(named.contains(Split.VALID.annotationFile()) || message.startsWith(files.file(file).toString()), message);
        assertTrue(message.lastIndexOf(": ") > 0 && message.lines().count() == 1, message);
        DatasetCheck check = files.open().check();
        assertTrue(check.problems().contains(message), () -> check.problems() + "");
        assertFalse(check.isUsable());
        assertEquals(1, files.open().situations(Split.TRAIN).size());
    }

    @Test
    void whatIsNotTextIsRefused() throws IOException {
        Files.write(files.file(ANNOTATIONS), new byte[] {'[', '"', (byte) 0xff, '"', ']'});
        assertTrue(assertThrows(KinemaException.class, () -> files.open().situations(Split.VALID)).getMessage().contains("not UTF-8"));
        Files.delete(files.file(ANNOTATIONS));
        assertTrue(assertThrows(KinemaException.class, () -> files.open().situations(Split.VALID)).getMessage().contains("no such file"));
    }

    /** Eleven votes, two of three annotators, and odd texts. */
    @Test
    void oddOnesAreKeptOrCounted() {
        String odd = " \u00a0M\u00e4nner  \ud83c\udfac\tin \u2028 ";
        files.replace(VOTES, TinyFiles.votes(2, 10), TinyFiles.votes(2, 10) + ",\"eleventh.01\"")
            .replace(VOTES, TinyFiles.votes(4, 10), TinyFiles.votes(4, 9))
            .replace(ANNOTATIONS, "\"man\"", "\"\"")
            .replace(ANNOTATIONS, "\"a man\"", "\"" + odd.replace("\t", "\\t") + "\"")
            .replace(ANNOTATIONS, "\"Verb\":\"open (make open)\",\"VerbID\":\"open.03\"",
                "\"EvRel\":\"Null\",\"Verb\":\"v\",\"VerbID\":\"unseen.03\"");
        Situation situation = files.open().situations(Split.VALID).get(0);
        assertEquals(List.of(10, 10, 10, 9, 10), situation.votes().stream().map(List::size).toList());
        assertFalse(situation.votes().get(1).contains("eleventh.01"));
        assertEquals("", situation.annotations().get(0).events().get(0).roles().get(0).text());
        assertEquals(odd, situation.annotations().get(1).events().get(0).roles().get(0).text());
        assertEquals("unseen.03", situation.annotations().get(0).events().get(2).verbId());
        assertTrue(files.open().check().isUsable(), () -> files.open().check().problems() + "");
    }

    /** Positions order, whatever the order in the file; a gap is no harm. */
    @Test
    void rolesAreInTheOrderOfTheirPositions() {
        files.replace(ANNOTATIONS, "\"Arg1 (thing opening)\":\"1\"", "\"Arg1 (thing opening)\":\"11\"");
        List<Event> events = files.open().situations(Split.VALID).get(0).annotations().get(0).events();
        assertEquals(List.of("Arg0", "AScn", "Arg1"), events.get(0).roles().stream().map(role -> role.code().code()).toList());
        assertEquals(List.of("Arg0", "Arg1", "AScn"), events.get(1).roles().stream().map(role -> role.code().code()).toList());
    }

    @Test
    void twoAnnotationsAreTooFew() throws IOException {
        String text = Files.readString(files.file(ANNOTATIONS));
        int second = text.indexOf("},{\"Ev1\"") + 2;
        files.write(ANNOTATIONS, "[" + text.substring(second));
        String message = assertThrows(KinemaException.class, () -> files.open().situations(Split.VALID)).getMessage();
        assertTrue(message.contains("has 2 annotations of it, and 3 are needed"), message);
        // leaving the clip out is the remedy that is named
        assertEquals(List.of(), files.open().without(Set.of(TinyFiles.VALID)).situations(Split.VALID));
    }

    @Test
    void leftOutClipsMayBeMalformedAndOthersKeepTheirIndex() {
        files.replace(Split.VALID.splitFile(), "[", "[\"v_Other_seg_0_10\",")
            .replace(VOTES, "[{", "[{\"vid_seg_int\":\"v_Other_seg_0_10\"},{");
        VidSituDataset dataset = files.open().without(Set.of("v_Other_seg_0_10"));
        List<Situation> situations = dataset.situations(Split.VALID);
        assertEquals(List.of(1), situations.stream().map(Situation::index).toList());
        assertEquals(1, dataset.check().splits().get(1).leftOut());
    }
}
