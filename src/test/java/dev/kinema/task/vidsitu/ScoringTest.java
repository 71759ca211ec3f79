package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.metric.SemanticRoles;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoringTest {
    /** Sums of a few numbers of about 1. */
    private static final double ROUNDING = 1e-12;
    private static final List<Situation> STORIES = StoryFiles.situations(12);

    @TempDir
    private Path folder;
    private TinyFiles tiny;

    @BeforeEach
    void write() {
        tiny = new TinyFiles(folder);
    }

    private Scoring scoring() {
        return new Scoring(Split.VALID, tiny.open().situations(Split.VALID));
    }

    private static Scoring of(List<Situation> situations) {
        return new Scoring(Split.VALID, situations);
    }

    /** Votes are seven for open.0N at event N and three for open.09. */
    @Test
    void verbsByHand() {
        List<List<String>> verbs = List.of(List.of("open.01", "open.09", "x", "y", "z"), List.of("x", "open.02", "y", "z", "w"),
            List.of("open.09", "x", "y", "z", "w"), List.of("x", "y", "z", "v", "w", "open.04"), List.of("x", "y", "z", "v", "open.09"));
        Scores scores = scoring().verbs(Predictions.ofVerbs(List.of(new VerbPrediction(0, verbs, List.of()))));
        assertEquals(2 / 5.0, scores.get(Scores.ACC_1), ROUNDING);
        assertEquals(4 / 5.0, scores.get(Scores.ACC_5), ROUNDING);
        assertEquals(0, scores.get(Scores.RECALL_5), "no verb has ten events");
        assertEquals(List.of(0.4, 0.6, 0.6, 0.6, 0.8), scores.more().get("accuracy_top_1_to_5"));
        assertEquals(Collections.nCopies(5, 0.0), scores.more().get("clip_accuracy_top_1_to_5"), "the fourth event is never hit");
        // open.01 and open.02 are found, open.03 to open.05 are not; open.09 in three of five events
        List<?> recalls = (List<?>) scores.more().get("recall_more_than_0_to_9_events");
        assertEquals(2.6 / 6, (double) recalls.get(0), ROUNDING);
        assertEquals(3 / 5.0, (double) recalls.get(4), ROUNDING);
        assertEquals(List.of(6, 1, 1, 1, 1, 0, 0, 0, 0, 0), scores.more().get("recalled_verbs_more_than_0_to_9_events"));
        assertEquals(5, scores.more().get("events"));
        assertEquals(1, scoring().humanVerbs().get(Scores.ACC_1), ROUNDING);
    }

    /**
     * Of each event Arg0 is "man", "a man" and "tall man", Arg1 "the door", the scene "hallway". Said are "man" and "the door", and of the
     * first event's scene the empty text.
     */
    @Test
    void rolesByHand() {
        RolePrediction.Texts said = new RolePrediction.Texts(Optional.empty(), Map.of("Arg0", "man", "Arg1", "the door"));
        RolePrediction.Texts first =
            new RolePrediction.Texts(Optional.of("wrong.01"), Map.of("Arg0", "man", "Arg1", "the door", "AScn", "", "AMnr", "fast"));
        Scores scores = scoring().roles(Predictions.ofRoles(List.of(new RolePrediction(0, List.of(first, said, said, said, said)))));
        // 15 items, each word in those of 5: all weights are ln 3. One word of two, one bigram longer: 2.5 / sqrt(2) * exp(-1 / 72)
        double arg0 = (2.5 + 2 * 2.5 / Math.sqrt(2) * Math.exp(-1 / 72.0)) / 3;
        assertEquals((arg0 + 5) / 3, scores.get(Scores.CIDER), ROUNDING);
        // 3 items a verb, each word in one: again ln 3
        assertEquals((arg0 + 5) / 3, scores.get(Scores.CIDER_VERB), ROUNDING);
        // within a role each word is in all items, and weighs nothing
        assertEquals(0, scores.get(Scores.CIDER_ARG));
        assertEquals(Map.of("Arg0", 0.0, "Arg1", 0.0, "AScn", 0.0), scores.more().get("cider_by_role"));
        assertEquals(2 / 3.0, scores.get(Scores.ROUGE_L), ROUNDING);
        // keys of 5, 5 and 5, of which two are found; the empty text is an entity of one, and wrong
        double precision = 10 / 11.0;
        double recall = 10 / 15.0;
        assertEquals(2 * precision * recall / (precision + recall), scores.get(Scores.LEA), ROUNDING);
        assertEquals(15, scores.more().get("items"));
    }

    @Test
    void peoplesRolesByHand() {
        // beta squared is 1.44; "man" by the two others, and each of them by "man" and the other
        double rouge = (2.44 * 0.5 / (0.5 + 1.44) + 2 * 2.44 * 0.5 / (1 + 1.44 * 0.5)) / 3;
        Scores scores = scoring().humanRoles();
        assertEquals((rouge + 2) / 3, scores.get(Scores.ROUGE_L), ROUNDING);
        assertEquals(1, scores.get(Scores.LEA), ROUNDING, "all see the same entities");
    }

    @Test
    void relationsByHand() {
        List<List<String>> labels = List.of(List.of("Causes", "Causes", "Enables"), List.of("Causes", "Causes", "NoRel"),
            Collections.nCopies(3, RelationPrediction.NONE), List.of("Causes", "Enables", "Causes"));
        Predictions<RelationPrediction> predictions = Predictions.ofRelations(List.of(new RelationPrediction(0, labels, List.of())));
        // all say Causes, but the first person of the first event
        tiny.replace(Split.VALID.annotationFile(), "\"EvRel\":\"Causes\"", "\"EvRel\":\"Enables\"");
        Scores scores = scoring().relations(predictions);
        assertEquals((1 + 2 + 0 + 2) / 11.0, scores.get(Scores.TOP1_ACC), ROUNDING);
        assertEquals(5 / 11.0, scores.get(Scores.MEAN_ACC), ROUNDING, "Enables is no majority's");
        assertEquals(11, scores.more().get("samples"));
        assertEquals(4, scores.more().get("pairs"));
        // held out: Enables is wrong by two, either Causes beside it has others who disagree, and nine times two are right
        assertEquals(18 / 20.0, scoring().humanRelations().get(Scores.TOP1_ACC), ROUNDING);
    }

    @Test
    void perfectPredictionsScoreFull() {
        List<Situation> situations = StoryFiles.agreed(STORIES);
        Scores verbs = of(situations).verbs(StoryFiles.verbs(situations));
        assertEquals(1, verbs.get(Scores.ACC_1));
        assertEquals(1, verbs.get(Scores.ACC_5));
        Scores roles = of(situations).roles(StoryFiles.roles(situations));
        assertEquals(1, roles.get(Scores.LEA), ROUNDING);
        assertEquals(1, roles.get(Scores.ROUGE_L), ROUNDING);
        assertTrue(roles.get(Scores.CIDER) > 4, () -> "texts of two words give 5: " + roles);
        Scores relations = of(situations).relations(StoryFiles.relations(situations));
        assertEquals(1, relations.get(Scores.TOP1_ACC));
        assertEquals(1, relations.get(Scores.MEAN_ACC));
        // people who all say the same score the same
        assertEquals(1, of(situations).humanVerbs().get(Scores.ACC_1), ROUNDING);
        assertEquals(1, of(situations).humanRoles().get(Scores.LEA), ROUNDING);
        assertEquals(1, of(situations).humanRelations().get(Scores.MEAN_ACC), ROUNDING);
    }

    @Test
    void sayingNothingScoresNothing() {
        List<RolePrediction.Texts> nothing = Collections.nCopies(Clip.EVENTS, new RolePrediction.Texts(Optional.empty(), Map.of()));
        Scores roles = of(STORIES).roles(Predictions.ofRoles(STORIES.stream().map(s -> new RolePrediction(s.index(), nothing)).toList()));
        roles.columns().forEach(column -> assertEquals(0, column.value(), column.name()));
        Scores relations = of(STORIES).relations(StoryFiles.relations(STORIES, RelationPrediction.NONE));
        relations.columns().forEach(column -> assertEquals(0, column.value(), column.name()));
        List<List<String>> unheard = Collections.nCopies(Clip.EVENTS, Collections.nCopies(5, "unheard.01"));
        Scores verbs = of(STORIES).verbs(Predictions.ofVerbs(STORIES.stream().map(s -> new VerbPrediction(s.index(), unheard, List.of()))
            .toList()));
        verbs.columns().forEach(column -> assertEquals(0, column.value(), column.name()));
    }

    /** Who says one thing throughout is right as often as it is said; the mean over relations is that of chance. */
    @Test
    void majorityScoresItsShare() {
        double best = 0;
        double sum = 0;
        for (Relation relation : Relation.values()) {
            Scores scores = of(STORIES).relations(StoryFiles.relations(STORIES, relation.label()));
            assertEquals(0.25, scores.get(Scores.MEAN_ACC), ROUNDING, "all four relations occur");
            best = Math.max(best, scores.get(Scores.TOP1_ACC));
            sum += scores.get(Scores.TOP1_ACC);
        }
        assertEquals(1, sum, ROUNDING);
        assertTrue(best > 0.25 && best < 0.6, "the most frequent relation: " + best);
        Map<String, Integer> voted = new LinkedHashMap<>();
        STORIES.forEach(s -> s.votes().forEach(event -> Set.copyOf(event).forEach(verb -> voted.merge(verb, 1, Integer::sum))));
        String most = Collections.max(voted.entrySet(), Map.Entry.comparingByValue()).getKey();
        List<List<String>> always = Collections.nCopies(Clip.EVENTS, List.of(most, "b", "c", "d", "e"));
        Scores verbs = of(STORIES).verbs(Predictions.ofVerbs(STORIES.stream().map(s -> new VerbPrediction(s.index(), always, List.of()))
            .toList()));
        assertEquals(voted.get(most) / (5.0 * STORIES.size()), verbs.get(Scores.ACC_1), ROUNDING);
        assertEquals(verbs.get(Scores.ACC_1), verbs.get(Scores.ACC_5));
    }

    /** Clips that are left out shift neither the others' predictions nor the order in which their annotators are taken. */
    @Test
    void leavingOutIsNeverHavingHad() {
        List<Situation> later = STORIES.subList(2, STORIES.size());
        List<Situation> alone = later.stream().map(s -> new Situation(s.index() - 2, s.clip(), s.votes(), s.annotations())).toList();
        assertEquals(of(alone).roles(StoryFiles.roles(alone)), of(later).roles(StoryFiles.roles(STORIES)));
        assertEquals(of(alone).verbs(StoryFiles.verbs(alone)), of(later).verbs(StoryFiles.verbs(STORIES)));
    }

    /**
     * An annotator who calls everything the same is second in the file's order of both clips, but the order of published scores is 0, 1, 2
     * in the first clip and 2, 0, 1 in the second: in different folds.
     */
    @Test
    void annotatorsAreTakenInThePublishedOrder() {
        List<Situation> clips = STORIES.subList(0, 2).stream().map(s -> new Situation(s.index(), s.clip(), s.votes(),
            List.of(s.annotations().get(0), allAlike(s.annotations().get(1)), s.annotations().get(2)))).toList();
        // what the first one says
        Predictions<RolePrediction> predictions = StoryFiles.roles(StoryFiles.agreed(clips));
        Scores scores = of(clips).roles(predictions);
        SemanticRoles.Scores published = SemanticRoles.of(List.of(clip(clips.get(0), predictions, 0, 1, 2),
            clip(clips.get(1), predictions, 2, 0, 1)));
        SemanticRoles.Scores plain = SemanticRoles.of(List.of(clip(clips.get(0), predictions, 0, 1, 2),
            clip(clips.get(1), predictions, 0, 1, 2)));
        assertEquals(published.lea(), scores.get(Scores.LEA));
        assertEquals(published.leaSoft(), scores.more().get("lea_soft"));
        assertNotEquals(plain.lea(), scores.get(Scores.LEA), 1e-3);
        assertEquals(plain.cider(), scores.get(Scores.CIDER), ROUNDING);
    }

    private static Annotation allAlike(Annotation annotation) {
        return new Annotation(annotation.clip(), annotation.events().stream().map(event -> new Event(event.verb(), event.verbId(),
            event.roles().stream().map(role -> Role.of(role.name(), "something")).toList(), event.relation())).toList());
    }

    private static SemanticRoles.Clip clip(Situation situation, Predictions<RolePrediction> predictions, int... order) {
        List<List<SemanticRoles.Frame>> gold = Arrays.stream(order).mapToObj(place -> situation.annotations().get(place).events().stream()
            .map(event -> new SemanticRoles.Frame(event.verbId(), texts(event))).toList()).toList();
        Map<Integer, Map<String, String>> predicted = new LinkedHashMap<>();
        for (int i = 0; i < Clip.EVENTS; i++) {
            predicted.put(i + 1, predictions.of(situation.index()).orElseThrow().events().get(i).roles());
        }
        return new SemanticRoles.Clip(situation.clip().id(), gold, predicted);
    }

    private static Map<String, String> texts(Event event) {
        Map<String, String> texts = new LinkedHashMap<>();
        event.roles().forEach(role -> texts.put(role.name(), role.text()));
        return texts;
    }

    @Test
    void missingClipsAndHiddenAnswersAreNamed() {
        Predictions<VerbPrediction> some = Predictions.ofVerbs(StoryFiles.verbs(STORIES).all().subList(0, 9));
        String message = assertThrows(KinemaException.class, () -> of(STORIES).verbs(some)).getMessage();
        assertTrue(message.contains("'" + STORIES.get(9).clip() + "'") && message.contains("ann_idx 9") && message.contains("2 more"),
            message);
        List<Situation> hidden = STORIES.stream().map(s -> new Situation(s.index(), s.clip(), List.of(), List.of())).toList();
        Scoring test = new Scoring(Split.TEST_VERBS, hidden);
        assertTrue(assertThrows(KinemaException.class, () -> test.verbs(StoryFiles.verbs(STORIES))).getMessage().contains("no votes"));
        assertTrue(assertThrows(KinemaException.class, () -> test.roles(StoryFiles.roles(STORIES))).getMessage().contains("no roles"));
        assertTrue(assertThrows(KinemaException.class, test::humanRelations).getMessage().contains("the release hides"));
        assertTrue(assertThrows(KinemaException.class, () -> new Scoring(Split.TRAIN, STORIES)).getMessage().contains("train"));
        assertTrue(assertThrows(KinemaException.class, () -> of(List.of())).getMessage().contains("no clip of valid"));
    }

    /** The release has nine votes in some places. */
    @Test
    void nineVotesAreEnough() {
        tiny.replace(Split.VALID.infoFile(), TinyFiles.votes(4, 10), TinyFiles.votes(4, 9));
        Scores people = scoring().humanVerbs();
        assertEquals(9, people.more().get("annotators"));
        assertEquals(1, people.get(Scores.ACC_1), ROUNDING);
        assertThrows(IllegalArgumentException.class, () -> people.get(Scores.ACC_5));
    }
}
