package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * That CIDEr-D takes time and memory in proportion to its items, of three references each. By default there are few enough for a test of
 * seconds. With {@code -Dtest=CiderScaleTest -Dkinema.test.items=1000000} the larger number is a million: it passes the same, and takes
 * about half a minute of one busy core and less than 1 GB of heap.
 */
class CiderScaleTest {
    private static final int ITEMS = Integer.getInteger("kinema.test.items", 120_000);
    private static final int TIMES = 8;

    private record Cost(double seconds, double bytes) {
    }

    @Test
    void costGrowsWithTheItems() {
        cost(ITEMS / TIMES / 2);
        Cost few = cost(ITEMS / TIMES);
        Cost many = cost(ITEMS);
        // the thread's own time, so that other work on the machine counts little; a cost that grew with the square would be 64 times as
        // much, and tables of items that no longer fit the caches make what is linear somewhat more than 8
        assertTrue(many.seconds < 3 * TIMES * few.seconds, () -> "8 times the items: " + few + " and " + many);
        // what was allocated bounds what is kept; tables double, so at an unlucky number they are twice as large as needed
        assertTrue(many.bytes < 2 * TIMES * few.bytes, () -> "8 times the items: " + few + " and " + many);
    }

    private static Cost cost(int count) {
        List<Captions.Item> items = RandomTexts.manyItems(count, 5);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        long allocated = threads.getCurrentThreadAllocatedBytes();
        Captions.Scores scores = Cider.of(Cider.Variant.D, items);
        Cost cost = new Cost((threads.getCurrentThreadCpuTime() - start) / 1e9, threads.getCurrentThreadAllocatedBytes() - allocated);
        assertEquals(count, scores.items().length);
        assertTrue(scores.mean() > 0.5 && scores.mean() < 10, "mean " + scores.mean());
        return cost;
    }
}
