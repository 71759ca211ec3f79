package dev.kinema.benchmarks.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.benchmarks.Printed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That it ends, whatever it is asked for, and that bursts end as they should: it throws where one does not. */
class ManyRequestsTest {
    @Test
    @Timeout(120)
    void fewRequestsEnd() throws Exception {
        Printed printed = Printed.by(ManyRequests::main, "3", "0");
        assertEquals(3, printed.number("^(3) +[0-9.]+ +[0-9.]+ "), "its last look");
        double resident = printed.number("^3 +[0-9.]+ +([0-9.]+) ");
        double inUse = printed.number("^3 .* ([0-9.]+)$");
        assertEquals(resident > 0, inUse > 0, printed::text);
        assertTrue(printed.number("^a film each: none failed or differs; at most (\\d+) were worked on at once") <= 2, printed::text);
        assertEquals(1, printed.lines("^64 clients of the service at once: each had all \\d+ lines"), printed::text);
        assertEquals(1, printed.lines("^closed while they were encoded: "), printed::text);
    }

    @Test
    void noneAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> ManyRequests.main(new String[] {"0"}));
        assertThrows(IllegalArgumentException.class, () -> ManyRequests.main(new String[] {"1", "-1"}));
    }
}
