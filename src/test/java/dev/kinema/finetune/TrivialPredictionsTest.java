package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.task.vidsitu.Annotation;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Event;
import dev.kinema.task.vidsitu.GeneratedDataset;
import dev.kinema.task.vidsitu.Predictions;
import dev.kinema.task.vidsitu.Relation;
import dev.kinema.task.vidsitu.Role;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is most frequent, counted by hand, and what a generated dataset gives for it. */
class TrivialPredictionsTest {
    private static Role agent(String text) {
        return Role.of("Arg0 (walker)", text);
    }

    private static Role scene(String text) {
        return Role.of("Scene of the Event", text);
    }

    private static Event event(String verb, Relation relation, Role... roles) {
        return new Event(verb + " (does it)", verb, List.of(roles), Optional.ofNullable(relation));
    }

    private static Situation clip(int index, Event... events) {
        Clip clip = Clip.parse("v_abc_seg_" + 10 * index + "_" + (10 * index + 10));
        return new Situation(index, clip, List.of(), List.of(new Annotation(clip, List.of(events))));
    }

    private static List<Situation> train() {
        return List.of(
            clip(0, event("walk.01", Relation.NO_RELATION, agent("a man"), scene("street")),
                event("walk.01", Relation.CAUSES, agent("a woman"), scene("street")),
                event("look.01", null, agent("a dog")),
                event("run.01", Relation.NO_RELATION, agent("a man")),
                event("open.01", Relation.ENABLES, agent("a boy"))),
            clip(1, event("walk.01", Relation.NO_RELATION, agent("a woman"), scene("hall")),
                event("look.01", Relation.CAUSES, agent("a dog")),
                event("run.01", null, agent("a man")),
                event("sit.01", Relation.REACTION_TO, agent("a man")),
                event("zoom.01", Relation.CAUSES, agent("a cat"))));
    }

    @Test
    void theMostFrequentIsSaidOfEverything() {
        TrivialPredictions trivial = TrivialPredictions.of(train());
        List<Situation> asked = List.of(clip(7, event("walk.01", null), event("walk.01", null), event("walk.01", null),
            event("walk.01", null), event("walk.01", null)));
        assertEquals(7, trivial.verbs(asked).get(0).index());
        // three of walk, two of look and run, and of those that occur once the first by alphabet
        assertEquals(Collections.nCopies(5, List.of("walk.01", "look.01", "run.01", "open.01", "sit.01")),
            trivial.verbs(asked).get(0).verbs());
        // three of each of two relations: the first that Relation names
        assertEquals(Collections.nCopies(4, Collections.nCopies(3, "Causes")), trivial.relations(asked).get(0).relations());
        assertEquals(7, trivial.relations(asked).get(0).index());
    }

    @Test
    void rolesAreFilledByTheirVerbsTexts() {
        TrivialPredictions trivial = TrivialPredictions.of(train());
        RolePrediction said = trivial.roles(List.of(clip(3, event("walk.01", null, scene("?"), agent("?")),
            event("look.01", null, agent("?"), scene("?")), event("new.01", null, agent("?")), event("walk.01", null),
            event("run.01", null, Role.of("ArgM (manner)", "?"))))).get(0);
        assertEquals(3, said.index());
        assertEquals(Map.of("AScn", "street", "Arg0", "a woman"), said.events().get(0).roles());
        // look has no scene in train: any verb's
        assertEquals(Map.of("Arg0", "a dog", "AScn", "street"), said.events().get(1).roles());
        assertEquals(Map.of("Arg0", "a man"), said.events().get(2).roles());
        assertEquals(Map.of("Arg0", "a woman", "AScn", "street"), said.events().get(3).roles(), "hidden roles are those of train");
        assertEquals(Map.of(), said.events().get(4).roles(), "no manner in train");
        assertEquals(Optional.of("look.01"), said.events().get(1).verb());
        Situation hidden = new Situation(0, Clip.parse("v_a_seg_0_10"), List.of(), List.of());
        KinemaException e = assertThrows(KinemaException.class, () -> trivial.roles(List.of(hidden)));
        assertTrue(e.getMessage().contains("v_a_seg_0_10"), e::getMessage);
    }

    @Test
    void fewVerbsAreFilledUp() {
        Event only = event("walk.01", null);
        TrivialPredictions trivial = TrivialPredictions.of(List.of(clip(0, only, only, only, only, only)));
        assertEquals(List.of("walk.01", "<s>", "<pad>", "</s>", "<unk>"), trivial.verbs(train()).get(0).verbs().get(0));
        assertThrows(KinemaException.class, () -> TrivialPredictions.of(List.of()));
    }

    @Test
    void aGeneratedDatasetScoresThem(@TempDir Path folder) {
        VidSituDataset dataset = GeneratedDataset.of(12, 8, 4).write(folder, (done, all) -> { });
        List<Situation> valid = dataset.situations(Split.VALID);
        TrivialPredictions trivial = TrivialPredictions.of(dataset.situations(Split.TRAIN));
        Scoring scoring = new Scoring(Split.VALID, valid);
        double verbs = scoring.verbs(Predictions.ofVerbs(trivial.verbs(valid))).get(Scores.ACC_5);
        assertTrue(verbs > 0 && verbs < 1, () -> "Acc@5 " + verbs);
        double roles = scoring.roles(Predictions.ofRoles(trivial.roles(valid))).get(Scores.CIDER);
        assertTrue(roles > 0 && roles < 2.5, () -> "CIDEr " + roles);
        Scores relations = scoring.relations(Predictions.ofRelations(trivial.relations(valid)));
        int labels = ((Map<?, ?>) relations.more().get("accuracy_by_relation")).size();
        assertEquals(1.0 / labels, TrivialPredictions.relationChance(scoring, valid), 1e-12);
        assertEquals(4, labels, "the dataset has all relations, so that chance is 25 %");
    }
}
