package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final int CONTENDERS = 4;

    /** An engine that always ran after one whose threads still watched for work took twice as long as it does. */
    @Test
    void everyContenderFollowsEveryOther() {
        int rounds = 40;
        List<Integer> ran = new ArrayList<>();
        List<DoubleSupplier> contenders = IntStream.range(0, CONTENDERS).mapToObj(i -> (DoubleSupplier) () -> {
            ran.add(i);
            return i;
        }).toList();

        List<Samples> samples = new Sampler(rounds, 0, 0, new QuietClock(1)).take(contenders);

        Map<Integer, Set<Integer>> before = new HashMap<>();
        for (int i = 1; i < ran.size(); i++) {
            before.computeIfAbsent(ran.get(i), k -> new HashSet<>()).add(ran.get(i - 1));
        }
        for (int i = 0; i < CONTENDERS; i++) {
            before.get(i).remove(i); // the last of a round may be the first of the next
            assertEquals(CONTENDERS - 1, before.get(i).size(), "what contender " + i + " followed: " + before.get(i));
            assertEquals(rounds, samples.get(i).seconds().size());
            assertEquals(i, samples.get(i).median(), "samples of contender " + i);
        }
        for (int round = 0; round < rounds; round++) {
            assertEquals(CONTENDERS, Set.copyOf(ran.subList(round * CONTENDERS, (round + 1) * CONTENDERS)).size(), "of round " + round);
        }
    }

    /** A window of settling is 30 ms and each contender warms up by two runs at least, so nothing here takes long. */
    @Test
    void oneAloneSettlesBeforeEachSampleToo() {
        int rounds = 5;
        long begun = System.nanoTime();
        new Sampler(rounds, 1e-9, 0, new QuietClock(1)).take(List.of(() -> 1));
        double seconds = (System.nanoTime() - begun) * 1e-9;
        assertTrue(seconds >= rounds * 0.03, rounds + " windows took " + seconds + " s");
    }

    /** Processor seconds as a process reports them while a thread of it watches for work for two windows. */
    @Test
    void aSampleWaitsForThreadsThatWatchForWork() {
        double[] used = {5, 5.03, 5.06, 5.07, 5.07};
        int[] windows = {0};
        QuietClock.settle(() -> used[windows[0]], () -> windows[0]++);
        assertEquals(3, windows[0], "windows until one in which next to nothing ran");
    }

    @Test
    void longRunsAreNotTriedAgainForHours() {
        QuietClock clock = new QuietClock(3);
        assertTrue(clock.triesAgain(2, 29));
        assertFalse(clock.triesAgain(3, 1), "the last attempt");
        assertFalse(clock.triesAgain(1, 31), "half a minute is enough");
    }

    @Test
    void aThreadThatNeverSleepsIsNotWaitedForForEver() {
        int[] windows = {0};
        QuietClock.settle(() -> windows[0], () -> windows[0]++);
        assertTrue(windows[0] > 1 && windows[0] < 100, "windows: " + windows[0]);
    }
}
