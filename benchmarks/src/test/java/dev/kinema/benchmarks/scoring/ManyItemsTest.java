package dev.kinema.benchmarks.scoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.benchmarks.Printed;
import org.junit.jupiter.api.Test;

/** A few made-up clips, so that the program does not rot. */
class ManyItemsTest {
    @Test
    void eachNumberOfClipsHasALineWithItsScores() throws Exception {
        Printed printed = Printed.by(ManyItems::main, "64");
        assertEquals(4, printed.lines("^ *\\d+( +[0-9.]+){7}$"), printed::text);
        // 15 texts a clip
        assertEquals(960, printed.number("^ *(960) "), printed::text);
        // a third of the words are shared: neither none nor all of it is found again
        double cider = printed.number("^ *960(?: +[0-9.]+){5} +([0-9.]+) +[0-9.]+$");
        assertTrue(cider > 0.01 && cider < 5, printed::text);
    }
}
