package dev.kinema.golden;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class AgreementTest {
    private static final double[] EXPECTED = {3, 4};

    private static void refused(String said, double... actual) {
        AssertionError error = assertThrows(AssertionError.class, () -> new Agreement().direction(EXPECTED, actual, 0.3, "a gradient"));
        assertTrue(error.getMessage().startsWith("a gradient: " + said), error::getMessage);
    }

    @Test
    void directionsAreOfOneLength() {
        new Agreement().direction(EXPECTED, new double[] {3, 4}, 1 - 1e-12, "itself");
        // 60 degrees to the left, and of half the length
        new Agreement().direction(EXPECTED, new double[] {0.75 - Math.sqrt(3), 1 + 0.75 * Math.sqrt(3)}, 0.49, "turned");
        refused("1 - cosine", -3, -4);
        refused("1 - cosine", 4, -3);
        refused("1 - cosine", 0, 0);
        refused("1 - cosine", Double.NaN, 4);
        refused("ratio of the lengths", 1.4, 1.9);
        refused("ratio of the lengths", 6.1, 8.1);
    }
}
