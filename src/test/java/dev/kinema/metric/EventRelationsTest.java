package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.graph.Philox;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EventRelationsTest {
    private static EventRelations.Pair pair(String votes, String predictions) {
        return new EventRelations.Pair(List.of(votes.split("")), List.of(predictions.split("")));
    }

    @Test
    void onlyVotersOfTheMajorityCount() {
        // 3 samples, 2 right; 2 samples, 1 right (the middle prediction is the minority's); no majority
        EventRelations.Scores scores = EventRelations.of(List.of(pair("CCC", "CEC"), pair("NEN", "NEC"), pair("CER", "CCC")));
        assertEquals(5, scores.samples());
        assertEquals(3 / 5.0, scores.top1(), 1e-15);
        assertEquals(Map.of("C", 2 / 3.0, "N", 0.5), scores.labels());
        assertEquals((2 / 3.0 + 0.5) / 2, scores.mean(), 1e-15);
    }

    @Test
    void labelOfDroppedPairsOnlyIsAbsent() {
        EventRelations.Scores scores = EventRelations.of(List.of(pair("RCE", "RRR"), pair("CCC", "CCC")));
        assertEquals(Map.of("C", 1.0), scores.labels());
        assertEquals(1, scores.mean());
    }

    /** The chance line: whoever always says one of four labels has a mean of exactly a quarter. */
    @Test
    void constantAnswerHasTheMeanOfChance() {
        List<EventRelations.Pair> pairs = List.of(pair("CCC", "CCC"), pair("CCN", "CCC"), pair("EEC", "CCC"), pair("NNN", "CCC"),
            pair("RCR", "CCC"));
        assertEquals(0.25, EventRelations.of(pairs).mean());
        assertEquals(5 / 12.0, EventRelations.of(pairs).top1(), 1e-15);
        List<EventRelations.Pair> turned = new ArrayList<>(pairs);
        Collections.reverse(turned);
        assertEquals(EventRelations.of(pairs).labels(), EventRelations.of(turned).labels());
    }

    @Test
    void bounds() {
        EventRelations.Scores none = EventRelations.of(List.of(pair("CER", "CER")));
        assertEquals(0, none.top1());
        assertEquals(0, none.mean());
        assertEquals(0, none.samples());
        assertEquals(1, EventRelations.of(List.of(pair("CCE", "CCE"), pair("NNN", "NNN"))).mean());
        assertEquals(3, EventRelations.of(List.of(pair("CCCC", "CCCN"))).samples(), "the first three votes");
        assertEquals(0, EventRelations.of(List.of(pair("CENN", "CENN"))).samples());
        assertThrows(IllegalArgumentException.class, () -> pair("CCC", "CC"));
    }

    /** Random pairs: neither their order nor that of the annotators, with their predictions, counts. */
    @Test
    void orderChangesNothingAndBoundsHold() {
        for (int seed = 0; seed < 100; seed++) {
            Philox random = new Philox(seed, 0, 0);
            Random order = new Random(seed);
            List<EventRelations.Pair> pairs = new ArrayList<>();
            List<EventRelations.Pair> turned = new ArrayList<>();
            for (int pair = 0; pair < 20; pair++) {
                int place = 6 * pair;
                List<String> drawn = IntStream.range(place, place + 6).mapToObj(i -> "CREN".substring((int) (4 * random.uniform(i))))
                    .map(labels -> labels.substring(0, 1)).toList();
                pairs.add(new EventRelations.Pair(drawn.subList(0, 3), drawn.subList(3, 6)));
                List<Integer> annotators = new ArrayList<>(List.of(0, 1, 2));
                Collections.shuffle(annotators, order);
                turned.add(new EventRelations.Pair(annotators.stream().map(drawn::get).toList(),
                    annotators.stream().map(annotator -> drawn.get(3 + annotator)).toList()));
            }
            Collections.shuffle(turned, order);
            EventRelations.Scores scores = EventRelations.of(pairs);
            EventRelations.Scores same = EventRelations.of(turned);
            assertEquals(scores.labels(), same.labels());
            assertEquals(scores.samples(), same.samples());
            assertEquals(scores.top1(), same.top1());
            assertEquals(scores.mean(), same.mean(), 1e-15);
            assertTrue(scores.top1() >= 0 && scores.top1() <= 1 && scores.mean() >= 0 && scores.mean() <= 1, scores::toString);
        }
    }
}
