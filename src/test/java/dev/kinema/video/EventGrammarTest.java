package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class EventGrammarTest {
    @Test
    void successorsAreOneRing() {
        Set<List<Integer>> rings = new HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
            EventGrammar grammar = EventGrammar.of(seed, 8);
            Set<Integer> met = new HashSet<>();
            for (int i = 0, at = 3; i < 8; i++) {
                met.add(at);
                at = grammar.successor(at);
            }
            assertEquals(8, met.size());
            rings.add(grammar.successors());
        }
        // 7! = 5040 rings: 50 draws of them are seldom less than 48 different ones
        assertTrue(rings.size() > 45, rings.size() + " rings");
        assertEquals(EventGrammar.of(5, 8), EventGrammar.of(5, 8));
        assertThrows(IllegalArgumentException.class, () -> new EventGrammar(List.of(1, 0, 3, 2), 0.9));
        assertThrows(IllegalArgumentException.class, () -> new EventGrammar(List.of(1, 1), 0.9));
        assertThrows(IllegalArgumentException.class, () -> EventGrammar.of(1, 1));
        assertThrows(IllegalArgumentException.class, () -> EventGrammar.of(1, 8).withCertainty(1.1));
    }

    @Test
    void eventsFollowOneAnotherAsStated() {
        EventGrammar grammar = EventGrammar.of(1, 8);
        int events = 40_000;
        List<Integer> drawn = grammar.draw(new SplittableRandom(9), events);
        int[] of = new int[8];
        int[][] after = new int[8][8];
        for (int i = 1; i < events; i++) {
            of[drawn.get(i - 1)]++;
            after[drawn.get(i - 1)][drawn.get(i)]++;
        }
        double chiSquare = 0;
        for (int before = 0; before < 8; before++) {
            for (int next = 0; next < 8; next++) {
                double expected = of[before] * grammar.probability(before, next);
                chiSquare += (after[before][next] - expected) * (after[before][next] - expected) / expected;
            }
        }
        // 8 rows of 7 degrees of freedom each: 56, and 95 is passed by one seed in a thousand
        assertTrue(chiSquare < 95, "chi-square " + chiSquare);
        assertEquals(0.9125, grammar.probability(2, grammar.successor(2)), 1e-12);
    }

    @Test
    void filmsFollowTheGrammar() {
        EventGrammar strict = EventGrammar.of(2, 8).withCertainty(1);
        Set<Integer> first = new HashSet<>();
        for (int seed = 0; seed < 40; seed++) {
            List<EventFilm.Event> events = EventFilm.of(seed, strict, 10, EventFilm.Format.SMALL).events();
            assertEquals(10, events.size());
            for (int i = 1; i < 10; i++) {
                assertEquals(strict.successor(events.get(i - 1).label()), events.get(i).label());
            }
            first.add(events.get(0).label());
        }
        assertEquals(8, first.size(), "films start anywhere in the ring");
        EventFilm.Format format = EventFilm.Format.SMALL;
        assertNotEquals(EventFilm.of(0, strict, 10, format).events(), EventFilm.of(1, strict, 10, format).events());
    }
}
