package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.report.FilmReport.Shot;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventsTest {
    private static final List<Shot> SHOTS = List.of(new Shot(0, 4, "A"), new Shot(4, 6, "B"), new Shot(6, 10, "A"));

    private static Events events(int clips, double hop, double duration, List<Shot> shots) {
        double[] starts = new double[clips];
        float[][] features = new float[clips][];
        for (int i = 0; i < clips; i++) {
            starts[i] = i * hop;
            features[i] = new float[] {i, 1};
        }
        return new Events(new FilmReport("film", duration, 2, starts, features, shots, List.of(), List.of(), Map.of()));
    }

    @Test
    void clipsBelongToTheShotInTheirMiddle() {
        Events events = events(10, 1, 10, SHOTS);
        assertEquals(10, events.size());
        assertEquals(10, events.end(9), "no event ends after the film");
        assertEquals(0, events.shot(2));
        assertEquals(1, events.shot(3));
        assertEquals("B", events.scene(4));
        assertTrue(events.holdsCut(3));
        assertFalse(events.holdsCut(4), "a clip that touches two cuts holds none");
        assertTrue(events.comesBack(0));
        assertFalse(events.comesBack(4));
    }

    @Test
    void apartMeansNoCommonFrameAndNoCommonShot() {
        Events events = events(10, 1, 10, SHOTS);
        assertFalse(events.areApart(0, 2), "one shot");
        assertFalse(events.areApart(2, 3), "common frames");
        assertTrue(events.areApart(1, 4));
        assertTrue(events(10, 1, 10, List.of()).areApart(0, 2));
        assertFalse(events(10, 1, 10, List.of()).areApart(0, 1));
    }

    @Test
    void aTimeIsTheEventsWhoseMiddleIsNearest() {
        Events events = events(10, 1, 10, SHOTS);
        assertEquals(0, events.at(0));
        assertEquals(0, events.at(1.4));
        assertEquals(1, events.at(1.6));
        assertEquals(9, events.at(10));
    }

    @Test
    void longFilmsAreMeansOfNeighbours() {
        Events events = events(1001, 2, 2002, List.of());
        assertEquals(3, events.clipsEach());
        assertEquals(334, events.size());
        assertArrayEquals(new float[] {4, 1}, events.features()[1]);
        assertArrayEquals(new float[] {999.5f, 1}, events.features()[333]);
        assertEquals(6, events.start(1));
        assertEquals(12, events.end(1));
    }
}
