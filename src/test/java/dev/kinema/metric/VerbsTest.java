package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.graph.Philox;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VerbsTest {
    private static final double ROUNDING = 1e-12;
    private static final List<String> PREDICTED = List.of("a", "b", "c", "d", "e");

    private static Verbs.Event event(String votes, String predicted) {
        return new Verbs.Event(List.of(votes.split("")), List.of(predicted.split("")));
    }

    @Test
    void oneVoteIsEnoughForAccuracy() {
        Verbs.Scores scores = Verbs.of(List.of(
            List.of(event("xxxxxxxxxc", "abcde"), event("axxxxxxxxx", "abcde")),
            List.of(event("e", "abcde"), event("y", "abcde"))));
        assertEquals(List.of(0.25, 0.25, 0.5, 0.5, 0.75), scores.accuracies());
        assertEquals(List.of(0.0, 0.0, 0.5, 0.5, 0.5), scores.clipAccuracies());
        assertEquals(0.75, scores.accuracy(5));
    }

    @Test
    void recallNeedsTwoVotesAndIsAveragedByVerb() {
        List<List<Verbs.Event>> clips = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            // v is asked for ten times and found three times; w nine times, always found; z never by two
            clips.add(List.of(event(i < 9 ? "vvvvvvvwwz" : "vvz", i < 3 ? "abvzw" : "abczw")));
        }
        Verbs.Scores scores = Verbs.of(clips);
        assertEquals(0.3, scores.recall(), ROUNDING, "v alone has more than nine");
        assertEquals(1, scores.recalledVerbs().get(9));
        assertEquals(0.65, scores.recalls().get(8), ROUNDING);
        assertEquals(List.of(2, 2, 2, 2, 2, 2, 2, 2, 2, 1), scores.recalledVerbs());
        assertEquals(0, Verbs.of(List.of(List.of(event("abc", "abcde")))).recalls().get(0), "nothing was asked for twice");
    }

    @Test
    void onlyTenVotesAndFivePredictionsCount() {
        Verbs.Scores scores = Verbs.of(List.of(List.of(event("xxxxxxxxxxaa", "abcdex"))));
        assertEquals(0, scores.accuracy(5));
        assertEquals(1, scores.recalledVerbs().get(0), "x, and not a");
        assertEquals(0, scores.recalls().get(0));
        assertThrows(IllegalArgumentException.class, () -> new Verbs.Event(List.of(), PREDICTED));
        assertThrows(IllegalArgumentException.class, () -> Verbs.of(List.of()));
    }

    @Test
    void perfectAndEmptyPredictions() {
        List<String> votes = Collections.nCopies(10, "a");
        List<Verbs.Event> perfect = Collections.nCopies(5, new Verbs.Event(votes, PREDICTED));
        Verbs.Scores scores = Verbs.of(List.of(perfect, perfect));
        assertEquals(1, scores.accuracy(1));
        assertEquals(1, scores.clipAccuracy(1));
        assertEquals(1, scores.recall());
        Verbs.Scores nothing = Verbs.of(List.of(Collections.nCopies(5, new Verbs.Event(votes, List.of()))));
        assertEquals(0, nothing.accuracy(5));
        assertEquals(0, nothing.clipAccuracy(5));
        assertEquals(0, nothing.recalls().get(0));
    }

    /** Random clips of few verbs: neither the order of clips, of events, nor of votes counts, and more predictions never hit less. */
    @Test
    void orderChangesNothingAndBoundsHold() {
        for (int seed = 0; seed < 50; seed++) {
            Philox random = new Philox(seed, 0, 0);
            Random order = new Random(seed);
            List<List<Verbs.Event>> clips = new ArrayList<>();
            List<List<Verbs.Event>> turned = new ArrayList<>();
            for (int clip = 0; clip < 12; clip++) {
                List<Verbs.Event> events = new ArrayList<>();
                List<Verbs.Event> others = new ArrayList<>();
                for (int event = 0; event < 5; event++) {
                    int place = 20 * (5 * clip + event);
                    List<String> drawn = IntStream.range(place, place + 15).mapToObj(i -> "v" + (int) (7 * random.uniform(i))).toList();
                    List<String> votes = new ArrayList<>(drawn.subList(0, 10));
                    events.add(new Verbs.Event(votes, drawn.subList(10, 15)));
                    Collections.shuffle(votes, order);
                    others.add(new Verbs.Event(votes, drawn.subList(10, 15)));
                }
                Collections.shuffle(others, order);
                clips.add(events);
                turned.add(others);
            }
            Collections.shuffle(turned, order);
            Verbs.Scores scores = Verbs.of(clips);
            Verbs.Scores same = Verbs.of(turned);
            assertEquals(List.of(scores.accuracies(), scores.clipAccuracies(), scores.recalledVerbs()),
                List.of(same.accuracies(), same.clipAccuracies(), same.recalledVerbs()));
            for (int i = 0; i < 10; i++) {
                assertEquals(scores.recalls().get(i), same.recalls().get(i), ROUNDING, "a sum over verbs in another order");
                assertTrue(scores.recalls().get(i) >= 0 && scores.recalls().get(i) <= 1);
            }
            for (int k = 1; k <= 5; k++) {
                assertTrue(scores.clipAccuracy(k) <= scores.accuracy(k) && scores.accuracy(k) <= 1);
                assertTrue(k == 1 || scores.accuracy(k) >= scores.accuracy(k - 1));
            }
        }
    }

    @Test
    void topIsByFallingScore() {
        assertEquals(List.of("c", "a", "d"), Verbs.top(new double[] {0.2, -1, 0.5, 0.2}, List.of("a", "b", "c", "d"), 3));
        assertThrows(IllegalArgumentException.class, () -> Verbs.top(new double[] {1}, List.of("a"), 2));
        assertThrows(IllegalArgumentException.class, () -> Verbs.top(new double[] {1}, List.of("a", "b"), 1));
    }
}
