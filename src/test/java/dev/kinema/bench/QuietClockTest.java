package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What counts as disturbance, and what does not. */
class QuietClockTest {
    /** Else each process that works for this one would disturb the sample that it ends in. */
    @Test
    void aProcessThatWasWaitedForIsStillOurs() throws IOException, InterruptedException {
        assumeTrue(new QuietClock(1).guarded(), "there is no /proc");
        double before = QuietClock.children();
        Process java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version")
            .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        assertEquals(0, java.waitFor());
        // the start of a Java takes some hundredths of a second of the processor; a unit of the count is one
        double used = QuietClock.children() - before;
        assertTrue(used >= 0.01 && used < 30, used + " s");
    }

    @Test
    void aSampleIsTakenOnceAtLeastAndAsOftenAsIsAllowed() {
        int[] runs = {0};
        double seconds = new QuietClock(2).seconds(() -> ++runs[0]);
        assertTrue(runs[0] == 1 && seconds == 1 || runs[0] == 2 && (seconds == 1 || seconds == 2), runs[0] + " runs, " + seconds + " s");
    }
}
