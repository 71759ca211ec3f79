package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.graph.Philox;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class FrameTimesTest {
    /** The same as a sorted set of the JDK's, over more times than there is room for at first. */
    @Test
    void timesAreASortedSet() {
        FrameTimes times = new FrameTimes();
        TreeSet<Long> set = new TreeSet<>();
        Philox numbers = new Philox(7, 0, 0);
        for (int i = 0; i < 4000; i++) {
            long time = (long) (300 * numbers.uniform(2 * i)) - 100;
            switch ((int) (8 * numbers.uniform(2 * i + 1))) {
                case 0 -> {
                    times.remove(time);
                    set.remove(time);
                }
                case 1 -> {
                    int first = Math.min(3, set.size());
                    times.removeFirst(first);
                    for (int k = 0; k < first; k++) {
                        set.pollFirst();
                    }
                }
                default -> assertEquals(set.add(time), times.add(time));
            }
            assertEquals(set.size(), times.size());
            assertEquals(set.headSet(time).size(), times.before(time));
        }
        long[] all = new long[times.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = times.get(i);
        }
        assertArrayEquals(set.stream().mapToLong(Long::longValue).toArray(), all);
    }
}
