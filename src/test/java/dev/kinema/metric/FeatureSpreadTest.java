package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kinema.KinemaException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FeatureSpreadTest {
    @Test
    void handfuls() {
        assertEquals(0, FeatureSpread.of(new float[][] {{1, 2, 3}, {2, 4, 6}}), 1e-15, "one direction, whatever the lengths");
        // each dimension holds 0 and 1, of deviation 1/2; times the root of 2
        assertEquals(Math.sqrt(0.5), FeatureSpread.of(new float[][] {{3, 0}, {0, 4}}), 1e-15);
        assertEquals(1, FeatureSpread.of(new float[][] {{1, 0}, {-2, 0}, {0, 3}, {0, -4}}), 1e-15);
        assertThrows(KinemaException.class, () -> FeatureSpread.of(new float[][] {{1, Float.POSITIVE_INFINITY}}));
        assertThrows(IllegalArgumentException.class, () -> FeatureSpread.of(new float[0][]));
    }

    @Test
    void normalNumbersAreSpreadEvenly() {
        Random random = new Random(1);
        float[][] features = new float[500][64];
        float[][] collapsed = new float[500][64];
        for (int i = 0; i < 500; i++) {
            for (int j = 0; j < 64; j++) {
                features[i][j] = (float) random.nextGaussian();
                collapsed[i][j] = 1 + 0.01f * features[i][j];
            }
        }
        // the mean of 64 deviations of 500 numbers each: within 0.4 % for one in a thousand seeds
        assertEquals(1, FeatureSpread.of(features), 0.01);
        assertEquals(0.01, FeatureSpread.of(collapsed), 0.001);
    }
}
