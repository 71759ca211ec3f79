package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.MemoryPlan.Block;
import dev.kinema.device.MemoryPlan.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
    private static long aligned(long bytes) {
        return (bytes + 63) / 64 * 64;
    }

    @RepeatedTest(50)
    void blocksAliveTogetherDoNotOverlap(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        int steps = 1 + random.nextInt(60);
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 1 + random.nextInt(120); i++) {
            int first = random.nextInt(steps);
            requests.add(new Request("b" + i, 1 + random.nextInt(1 << (1 + random.nextInt(20))), first, first + random.nextInt(steps - first)));
        }
        MemoryPlan plan = MemoryPlan.of(requests, 7);
        assertEquals(requests, plan.blocks().stream().map(Block::request).toList(), "in the order of the requests");
        long end = 0;
        for (Block a : plan.blocks()) {
            assertEquals(0, a.offset() % MemoryPlan.ALIGNMENT);
            end = Math.max(end, a.offset() + aligned(a.request().bytes()));
            for (Block b : plan.blocks()) {
                boolean together = a.request().first() <= b.request().last() && b.request().first() <= a.request().last();
                boolean apart = a.offset() + a.request().bytes() <= b.offset() || b.offset() + b.request().bytes() <= a.offset();
                assertTrue(a == b || !together || apart, () -> a + " and " + b);
            }
        }
        assertEquals(end, plan.bytes());
        long alive = 0;
        for (int step = 0; step < steps; step++) {
            int now = step;
            alive = Math.max(alive, requests.stream().filter(r -> r.first() <= now && now <= r.last()).mapToLong(r -> aligned(r.bytes())).sum());
        }
        assertTrue(plan.bytes() >= alive, "what is alive at one step cannot take less than its sum");
        assertTrue(plan.bytes() <= plan.unsharedBytes());
    }

    @Test
    void aChainTakesTheTwoLargestNeighbours() {
        MemoryPlan plan = MemoryPlan.of(List.of(new Request("a", 640, 0, 1), new Request("b", 640, 1, 2), new Request("c", 640, 2, 3)), 0);
        assertEquals(1280, plan.bytes());
        assertEquals(1920, plan.unsharedBytes());
    }

    @Test
    void nothingTakesNothing() {
        assertEquals(0, MemoryPlan.of(List.of(), 5).bytes());
        assertEquals(5, MemoryPlan.of(List.of(), 5).persistentBytes());
    }
}
