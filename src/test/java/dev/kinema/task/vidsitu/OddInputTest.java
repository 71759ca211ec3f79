package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is odd in files of annotations and predictions and no mistake: scored from the files on, by numbers made by hand. */
class OddInputTest {
    /** Sums of a few numbers of about 1. */
    private static final double ROUNDING = 1e-12;
    /** Three words and a doubled space; one sign outside the first plane; none; two signs; one word of two marks. */
    private static final List<String> TEXTS = List.of("\u00d6l\u00a0ist  hei\u00df", "\ud83c\udfac", "", "\u5317\u4eac", "O\u0308L");

    @TempDir
    private Path folder;

    /** A clip where all annotators say the same of each event, by a verb of its own. */
    private static Situation told(List<String> texts) {
        Clip clip = Clip.of("Odd", 0);
        List<Event> events = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            Optional<Relation> relation = i == Relation.PIVOT ? Optional.empty() : Optional.of(Relation.CAUSES);
            events.add(new Event("v", "unseen.0" + i, List.of(Role.of("Arg0 (doer)", texts.get(i))), relation));
        }
        List<List<String>> votes = events.stream().map(event -> Collections.nCopies(Split.VOTES, event.verbId())).toList();
        return new Situation(0, clip, votes, Collections.nCopies(3, new Annotation(clip, events)));
    }

    /** Scores from files, of which the predictions' were written by Kinema. */
    private Scores scored(Situation situation, List<String> texts) {
        VidSituDataset dataset = StoryFiles.write(folder.resolve("data"), List.of(situation));
        Path file = folder.resolve("predictions.json");
        Predictions.ofRoles(List.of(new RolePrediction(0, texts.stream().map(text -> new RolePrediction.Texts(Optional.of("zap.99"),
            Map.of("Arg0", text))).toList()))).write(file);
        return new Scoring(Split.VALID, dataset.situations(Split.VALID)).roles(Predictions.readRoles(file, dataset, Split.VALID));
    }

    /** Five items that share no word, so that a text of L words that is hit scores 2.5 L, up to four of them. */
    @Test
    void textsAreScoredAsTheyStand() {
        Scores same = scored(told(TEXTS), TEXTS);
        assertEquals((7.5 + 2.5 + 0 + 2.5 + 2.5) / 5, same.get(Scores.CIDER), ROUNDING, "the empty text has no word");
        assertEquals(1, same.get(Scores.ROUGE_L), ROUNDING, "and is one empty piece that is hit");
        assertEquals(1, same.get(Scores.LEA), ROUNDING);
        assertEquals(0, same.get(Scores.CIDER_VERB), "one item a verb");
    }

    /** Single spaces in place of the odd ones, two spaces for nothing, and the last text composed of one sign for two. */
    @Test
    void otherSpacesAreTheSameWordsButOtherPieces() {
        Scores other = scored(told(TEXTS), List.of("\u00d6l ist hei\u00df", "\ud83c\udfac", "  ", "\u5317\u4eac", "\u00d6L"));
        assertEquals((7.5 + 2.5 + 0 + 2.5 + 0) / 5, other.get(Scores.CIDER), ROUNDING);
        // of three pieces on either side the last is the same; three empty pieces for one
        double first = 2.44 * (1 / 9.0) / (1 / 3.0 + 1.44 / 3);
        double third = 2.44 * (1 / 3.0) / (1 + 1.44 / 3);
        assertEquals((first + 1 + third + 1 + 0) / 5, other.get(Scores.ROUGE_L), ROUNDING);
        assertEquals(1, other.get(Scores.LEA), ROUNDING, "which texts are the same is all that counts");
    }

    /** An entity is the very same text: one that differs by a space or by case is another. */
    @Test
    void entitiesAreTheVerySameTexts() {
        List<String> all = Collections.nCopies(Clip.EVENTS, "man");
        assertEquals(1, scored(told(all), all).get(Scores.LEA), ROUNDING);
        // of five mentions two and two are the same: 2 of 10 pairs; precision of both entities is 1, of the single one 0
        double precision = 4 / 5.0;
        double recall = 2 / 10.0;
        assertEquals(2 * precision * recall / (precision + recall),
            scored(told(all), List.of("man", "man ", "man", "man ", "Man")).get(Scores.LEA), ROUNDING);
    }

    /** Verbs that training has never seen stay what is to be hit; the classifier's symbol for them hits nothing. */
    @Test
    void unseenVerbsAreHitByNameOnly() {
        Situation situation = told(TEXTS);
        List<List<String>> verbs = new ArrayList<>(Collections.nCopies(3, List.of("<unk>", "unseen.09", "nobody.knows", "\u00fc.01", "5")));
        verbs.add(List.of("unseen.03", "a.01", "b.01", "c.01", "d.01"));
        verbs.add(List.of("a.01", "b.01", "c.01", "d.01", "unseen.04"));
        VidSituDataset dataset = StoryFiles.write(folder.resolve("data"), List.of(situation));
        Path file = folder.resolve("verbs.json");
        Predictions.ofVerbs(List.of(new VerbPrediction(0, verbs, List.of()))).write(file);
        Scores scores = new Scoring(Split.VALID, dataset.situations(Split.VALID))
            .verbs(Predictions.readVerbs(file, dataset, Split.VALID));
        assertEquals(1 / 5.0, scores.get(Scores.ACC_1), ROUNDING);
        assertEquals(2 / 5.0, scores.get(Scores.ACC_5), ROUNDING);
        assertEquals(VerbVocabulary.UNKNOWN, VerbVocabulary.of(StoryFiles.situations(1).get(0).annotations()).index("unseen.03"));
    }

    /** The eleventh vote is no vote. */
    @Test
    void tenVotesCount() {
        TinyFiles files = new TinyFiles(folder.resolve("tiny")).replace(Split.VALID.infoFile(), TinyFiles.votes(2, 10),
            TinyFiles.votes(2, 10) + ",\"eleventh.01\"");
        List<List<String>> verbs = Collections.nCopies(Clip.EVENTS, List.of("eleventh.01", "a", "b", "c", "d"));
        Scoring scoring = new Scoring(Split.VALID, files.open().situations(Split.VALID));
        assertEquals(0, scoring.verbs(Predictions.ofVerbs(List.of(new VerbPrediction(0, verbs, List.of())))).get(Scores.ACC_5));
    }

    /** A record that is there twice counts once where it says the same, and is refused where it says other things. */
    @ParameterizedTest
    @EnumSource(Task.class)
    void doubledClips(Task task) throws IOException {
        List<Situation> clips = StoryFiles.situations(2);
        VidSituDataset dataset = StoryFiles.write(folder.resolve("data"), clips);
        Path file = folder.resolve("doubled.json");
        switch (task) {
            case VERBS -> StoryFiles.verbs(clips).write(file);
            case ROLES -> StoryFiles.roles(clips).write(file);
            case RELATIONS -> StoryFiles.relations(clips).write(file);
        }
        List<String> lines = Files.readAllLines(file).stream().map(line -> line.replaceAll("^,|,$", "")).toList();
        String first = lines.get(1);
        String second = lines.get(2);
        Files.writeString(file, "[" + first + "," + second + "," + first + "]");
        assertEquals(1, read(task, file, dataset).repeated());
        assertEquals(2, read(task, file, dataset).all().size());
        Files.writeString(file, "[" + first + "," + second + "," + second.replace("\"ann_idx\":1", "\"ann_idx\":0") + "]");
        String message = assertThrows(KinemaException.class, () -> read(task, file, dataset)).getMessage();
        assertTrue(message.contains("'" + clips.get(0).clip() + "'") && message.contains("record 2") && message.contains("field ann_idx:"),
            message);
    }

    private static Predictions<? extends Prediction> read(Task task, Path file, VidSituDataset dataset) {
        return switch (task) {
            case VERBS -> Predictions.readVerbs(file, dataset, Split.VALID);
            case ROLES -> Predictions.readRoles(file, dataset, Split.VALID);
            case RELATIONS -> Predictions.readRelations(file, dataset, Split.VALID);
        };
    }
}
