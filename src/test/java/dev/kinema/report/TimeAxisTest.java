package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TimeAxisTest {
    @Test
    void marksAreRoundAndFew() {
        assertEquals(List.of(0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0), new TimeAxis(32).marks());
        for (double seconds : new double[] {0.3, 2.2, 8, 59.9, 70, 179, 400, 3600, 7200, 12000}) {
            List<Double> marks = new TimeAxis(seconds).marks();
            assertTrue(marks.size() >= 3 && marks.size() <= 10, seconds + " s: " + marks);
            assertTrue(marks.get(marks.size() - 1) <= seconds * 1.000001, seconds + " s: " + marks);
        }
    }

    @Test
    void timesAreSecondsInShortFilmsAndClocksInLongOnes() {
        assertEquals("15", new TimeAxis(32).label(15));
        assertEquals("0.2", new TimeAxis(1).label(0.2));
        assertEquals("12.3 s", new TimeAxis(32).time(12.34));
        assertEquals("5:00", new TimeAxis(400).label(300));
        assertEquals("1:01:05", new TimeAxis(7200).time(3665.2));
        assertEquals("seconds", new TimeAxis(180).unit());
        assertEquals("minutes:seconds", new TimeAxis(3599).unit());
        assertEquals("hours:minutes:seconds", new TimeAxis(3600).unit());
    }
}
