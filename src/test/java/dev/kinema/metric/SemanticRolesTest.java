package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SemanticRolesTest {
    private static final double ROUNDING = 1e-12;
    private static final List<String> WHO =
        List.of("man in a white shirt", "woman with red hair", "old man in suit", "the tall police officer");
    private static final List<String> WHERE = List.of("in a dark old house", "on the busy city street", "in the green forest");

    private static SemanticRoles.Frame frame(String verb, String... namesAndTexts) {
        Map<String, String> arguments = new LinkedHashMap<>();
        for (int i = 0; i < namesAndTexts.length; i += 2) {
            arguments.put(namesAndTexts[i], namesAndTexts[i + 1]);
        }
        return new SemanticRoles.Frame(verb, arguments);
    }

    private static SemanticRoles.Clip clip(List<List<SemanticRoles.Frame>> gold, Map<Integer, Map<String, String>> predicted) {
        return new SemanticRoles.Clip("v_x_seg_0_10", gold, predicted);
    }

    /** Clips of three annotators, who agree where {@code alike}, with no prediction. */
    private static List<SemanticRoles.Clip> clips(int count, boolean alike) {
        List<SemanticRoles.Clip> clips = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<List<SemanticRoles.Frame>> gold = new ArrayList<>();
            for (int annotator = 0; annotator < 3; annotator++) {
                Philox random = new Philox(7, i, alike ? 0 : annotator);
                List<SemanticRoles.Frame> frames = new ArrayList<>();
                for (int event = 0; event < 5; event++) {
                    frames.add(frame("verb." + (i + event) % 3, "Arg0 (agent)", WHO.get((int) (random.uniform(3 * event) * 4)),
                        "Arg1 (thing)", WHO.get((int) (random.uniform(3 * event + 1) * 4)), "ArgM (manner)", "fast",
                        "Scene of the Event", WHERE.get((int) (random.uniform(3 * event + 2) * 3))));
                }
                gold.add(frames);
            }
            clips.add(new SemanticRoles.Clip("v_c" + i + "_seg_0_10", gold, Map.of()));
        }
        return clips;
    }

    private static SemanticRoles.Clip predicting(SemanticRoles.Clip clip, int annotator) {
        return new SemanticRoles.Clip(clip.id(), clip.gold(), SemanticRoles.asPrediction(clip.gold().get(annotator)));
    }

    @Test
    void perfectPredictionsScoreFull() {
        SemanticRoles.Scores scores = SemanticRoles.of(clips(6, true).stream().map(clip -> predicting(clip, 0)).toList());
        assertEquals(10, scores.cider(), ROUNDING, "all texts have four words or more");
        assertEquals(10, scores.ciderVerb(), ROUNDING);
        assertEquals(10, scores.ciderArg(), ROUNDING);
        assertEquals(Set.of("Arg0", "Arg1", "AScn"), scores.ciderRoles().keySet());
        assertEquals(1, scores.rougeL(), ROUNDING);
        assertEquals(1, scores.lea(), ROUNDING);
        assertEquals(1, scores.bleu().get(3), 1e-7);
        assertTrue(scores.leaSoft() > 1, () -> "scores of 10 weigh more than 1: " + scores.leaSoft());
    }

    @Test
    void emptyPredictionsScoreNothing() {
        List<SemanticRoles.Clip> clips = clips(6, true);
        SemanticRoles.Scores without = SemanticRoles.of(clips);
        SemanticRoles.Scores empty = SemanticRoles.of(clips.stream()
            .map(clip -> new SemanticRoles.Clip(clip.id(), clip.gold(), Map.of(1, Map.of(), 2, Map.of()))).toList());
        for (SemanticRoles.Scores scores : List.of(without, empty)) {
            assertEquals(0, scores.cider());
            assertEquals(0, scores.rougeL());
            assertEquals(0, scores.lea());
            assertEquals(0, scores.leaSoft());
        }
    }

    @Test
    void orderOfClipsAndAnnotatorsChangesNothing() {
        List<SemanticRoles.Clip> clips = clips(6, false).stream().map(clip -> predicting(clip, 1)).toList();
        List<SemanticRoles.Clip> turned = new ArrayList<>();
        for (SemanticRoles.Clip clip : clips) {
            List<List<SemanticRoles.Frame>> gold = new ArrayList<>(clip.gold());
            Collections.reverse(gold);
            turned.add(0, new SemanticRoles.Clip(clip.id(), gold, clip.predicted()));
        }
        SemanticRoles.Scores scores = SemanticRoles.of(clips);
        SemanticRoles.Scores others = SemanticRoles.of(turned);
        assertEquals(scores.cider(), others.cider(), ROUNDING);
        assertEquals(scores.ciderVerb(), others.ciderVerb(), ROUNDING);
        assertEquals(scores.ciderArg(), others.ciderArg(), ROUNDING);
        assertEquals(scores.rougeL(), others.rougeL(), ROUNDING);
        assertEquals(scores.lea(), others.lea(), ROUNDING, "all clips' annotators turned alike: the folds are the same");
        assertTrue(scores.cider() > 1 && scores.cider() < 10, () -> "partly right: " + scores);
    }

    /** F1 is taken of each fold over all clips, so it matters which annotators make a fold. */
    @Test
    void leaDependsOnTheFolds() {
        List<SemanticRoles.Clip> clips = clips(2, false).stream().map(clip -> predicting(clip, 1)).toList();
        List<SemanticRoles.Clip> moved = new ArrayList<>(clips);
        List<List<SemanticRoles.Frame>> gold = new ArrayList<>(clips.get(0).gold());
        Collections.rotate(gold, 1);
        moved.set(0, new SemanticRoles.Clip("v_moved_seg_0_10", gold, clips.get(0).predicted()));
        assertEquals(SemanticRoles.of(clips).cider(), SemanticRoles.of(moved).cider(), ROUNDING);
        assertTrue(Math.abs(SemanticRoles.of(clips).lea() - SemanticRoles.of(moved).lea()) > 1e-4);
    }

    @Test
    void onlyScoredRolesOfTheGoldCount() {
        List<SemanticRoles.Clip> clips = clips(4, false).stream().map(clip -> predicting(clip, 0)).toList();
        List<SemanticRoles.Clip> chatty = new ArrayList<>();
        for (SemanticRoles.Clip clip : clips) {
            Map<Integer, Map<String, String>> predicted = new HashMap<>();
            clip.predicted().forEach((event, roles) -> {
                Map<String, String> more = new HashMap<>(roles);
                more.putAll(Map.of("vb_id", "wrong.01", "Arg2", "nobody asked", "AMnr", "slowly", "", "stray"));
                predicted.put(event, more);
            });
            chatty.add(new SemanticRoles.Clip(clip.id(), clip.gold(), predicted));
        }
        assertEquals(SemanticRoles.of(clips), SemanticRoles.of(chatty));
    }

    /** A role that is missing is no mention; an empty text is one, and all empty texts of a clip are one entity. */
    @Test
    void emptyTextIsAMentionAndAMissingRoleIsNone() {
        List<List<SemanticRoles.Frame>> gold = List.of(List.of(frame("a.01", "Arg0 (x)", "man", "Arg1 (y)", "dog"),
            frame("b.01", "Arg0 (x)", "man")));
        // key {man, man}, {dog}
        Map<Integer, Map<String, String>> missing = Map.of(1, Map.of("Arg0", "man"), 2, Map.of("Arg0", "man"));
        Map<Integer, Map<String, String>> empty = Map.of(1, Map.of("Arg0", "man", "Arg1", ""), 2, Map.of("Arg0", "man"));
        Map<Integer, Map<String, String>> allEmpty = Map.of(1, Map.of("Arg0", "", "Arg1", ""), 2, Map.of("Arg0", ""));
        // R = 2/3, P = 1
        assertEquals(0.8, SemanticRoles.of(List.of(clip(gold, missing))).lea(), ROUNDING);
        assertEquals(1, SemanticRoles.of(List.of(clip(gold, empty))).lea(), ROUNDING);
        // one entity of three: R = 2/3, P = 3 * 1/3 / 3
        assertEquals(2 * (2 / 3.0) * (1 / 3.0), SemanticRoles.of(List.of(clip(gold, allEmpty))).lea(), ROUNDING);
        assertEquals(SemanticRoles.of(List.of(clip(gold, missing))).cider(), SemanticRoles.of(List.of(clip(gold, empty))).cider());
    }

    @Test
    void clipWithoutItsFirstEventIsLeftOutOfLea() {
        List<SemanticRoles.Clip> clips = clips(3, true).stream().map(clip -> predicting(clip, 0)).toList();
        List<SemanticRoles.Clip> cut = new ArrayList<>(clips);
        Map<Integer, Map<String, String>> rest = new HashMap<>(clips.get(1).predicted());
        rest.remove(1);
        cut.set(1, new SemanticRoles.Clip("v_cut_seg_0_10", clips.get(1).gold(), rest));
        assertEquals(1, SemanticRoles.of(cut).lea(), ROUNDING);
        assertTrue(SemanticRoles.of(cut).cider() < 10 - 0.1, "but its texts are missing");
        rest.put(1, Map.of());
        cut.set(1, new SemanticRoles.Clip("v_cut_seg_0_10", clips.get(1).gold(), rest));
        assertTrue(SemanticRoles.of(cut).lea() < 1 - 0.01);
    }

    /** A role that only a later annotator has is no item, but a mention of that annotator's fold. */
    @Test
    void laterAnnotatorMayHaveMoreRoles() {
        List<SemanticRoles.Frame> first = List.of(frame("a.01", "Arg0 (x)", "man"));
        List<SemanticRoles.Frame> second = List.of(frame("a.01", "Arg0 (x)", "man", "Arg1 (y)", "dog"));
        SemanticRoles.Clip clip = clip(List.of(first, second), Map.of(1, Map.of("Arg0", "man", "Arg1", "man")));
        // fold 1: all right; fold 2: key {Arg0}, {Arg1}, response {Arg0, Arg1}: nothing right
        assertEquals(0.5, SemanticRoles.of(List.of(clip)).lea(), ROUNDING);
        assertEquals(0, SemanticRoles.of(List.of(clip)).leaSoft(), "one item has no CIDEr");
        refused("Ev1", () -> SemanticRoles.of(List.of(clip(List.of(second, first), Map.of()))));
    }

    @Test
    void oddGoldIsRefusedWithItsPlace() {
        List<SemanticRoles.Frame> man = List.of(frame("a.01", "Arg0 (x)", "man"));
        refused("Ev1", () -> SemanticRoles.of(List.of(clip(List.of(man, List.of(frame("a.01", "Arg1 (x)", "man"))), Map.of()))));
        refused("Ev2", () -> clip(List.of(man), Map.of(2, Map.of())));
        refused("v_x_seg_0_10", () -> clip(List.of(), Map.of()));
        refused("v_x_seg_0_10", () -> clip(List.of(man, List.of()), Map.of()));
        refused("v_x_seg_0_10", () -> SemanticRoles.of(List.of(clip(List.of(man, man), Map.of()), clip(List.of(man), Map.of()))));
        refused("'Arg9'", () -> SemanticRoles.of(List.of(clip(List.of(List.of(frame("a.01", "Arg9", "man"))), Map.of()))));
        refused("no event", () -> SemanticRoles.of(List.of(clip(List.of(List.of(frame("a.01", "ArgM (manner)", "fast"))), Map.of()))));
        assertThrows(IllegalArgumentException.class, () -> SemanticRoles.of(List.of()));
    }

    private static void refused(String part, Runnable scoring) {
        KinemaException refusal = assertThrows(KinemaException.class, scoring::run);
        assertTrue(refusal.getMessage().contains(part), refusal::getMessage);
    }

    @Test
    void peopleWhoAgreeScoreFull() {
        SemanticRoles.Scores agreed = HumanAgreement.roles(clips(4, true));
        assertEquals(10, agreed.cider(), ROUNDING);
        assertEquals(1, agreed.lea(), ROUNDING);
        List<SemanticRoles.Clip> clips = clips(4, false);
        SemanticRoles.Scores mixed = HumanAgreement.roles(clips);
        double sum = 0;
        for (int held = 0; held < 3; held++) {
            List<SemanticRoles.Clip> rest = new ArrayList<>();
            for (SemanticRoles.Clip clip : clips) {
                List<List<SemanticRoles.Frame>> others = new ArrayList<>(clip.gold());
                others.remove(held);
                rest.add(new SemanticRoles.Clip(clip.id(), others, SemanticRoles.asPrediction(clip.gold().get(held))));
            }
            sum += SemanticRoles.of(rest).ciderArg();
        }
        assertEquals(sum / 3, mixed.ciderArg(), ROUNDING);
        assertTrue(mixed.cider() < 9 && mixed.cider() > 0);
    }

    @Test
    void agreementOnVerbsAndRelations() {
        // of three, the two who say a are right and the third is not; then no one; then all
        assertEquals((2 + 0 + 3) / 9.0,
            HumanAgreement.verbs(List.of(List.of("a", "a", "b"), List.of("a", "b", "c"), List.of("d", "d", "d"))), ROUNDING);
        // C, C, C: three times two samples, right; C, C, N: only N is scored against two who agree, and wrong
        EventRelations.Scores scores = HumanAgreement.relations(List.of(List.of("C", "C", "C"), List.of("C", "C", "N")));
        assertEquals(8, scores.samples());
        assertEquals(6 / 8.0, scores.top1(), ROUNDING);
        assertThrows(IllegalArgumentException.class, () -> HumanAgreement.verbs(List.of(List.of("a"))));
        assertThrows(IllegalArgumentException.class, () -> HumanAgreement.verbs(List.of(List.of("a", "b"), List.of("a", "b", "c"))));
    }
}
