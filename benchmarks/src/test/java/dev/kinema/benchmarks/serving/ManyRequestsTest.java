package dev.kinema.benchmarks.serving;

import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That it ends, whatever it is asked for, and that bursts end as they should: it throws where one does not. */
class ManyRequestsTest {
    @Test
    @Timeout(120)
    void fewRequestsEnd() throws Exception {
        ManyRequests.main(new String[] {"3"});
    }

    @Test
    void noneAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> ManyRequests.main(new String[] {"0"}));
    }
}
