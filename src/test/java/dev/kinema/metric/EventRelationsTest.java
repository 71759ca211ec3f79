package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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
}
