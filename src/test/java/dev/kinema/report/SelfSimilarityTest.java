package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class SelfSimilarityTest {
    private static final float[][] FEATURES = {{3, 0}, {1, 1}, {0, -2}, {-5, 0}, {0, 0}};

    @Test
    void cosines() {
        SelfSimilarity similarity = SelfSimilarity.of(FEATURES);
        float half = (float) Math.sqrt(0.5);
        float[][] expected = {{1, half, 0, -1, 0}, {half, 1, -half, -half, 0}, {0, -half, 1, 0, 0}, {-1, -half, 0, 1, 0}, {0, 0, 0, 0, 0}};
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 5; j++) {
                // half an ulp of float, and the error of a dot product of two doubles
                assertEquals(expected[i][j], similarity.cosine(i, j), 1e-7, i + " and " + j);
            }
        }
        assertEquals(-1, similarity.least());
    }

    @Test
    void nearestIsTheMostAlikeThatIsAllowed() {
        SelfSimilarity similarity = SelfSimilarity.of(FEATURES);
        assertEquals(1, similarity.nearest(0, j -> true));
        assertEquals(2, similarity.nearest(0, j -> j != 1));
        assertEquals(-1, similarity.nearest(0, j -> j == 0));
    }

    @Test
    void centringTakesTheMeanAway() {
        assertArrayEquals(new float[][] {{-1, 2}, {1, -2}}, SelfSimilarity.centred(new float[][] {{4, 9}, {6, 5}}));
    }

    /** Equal features whose mean rounds differ from it by rounding only, which must not show as a pattern. */
    @Test
    void aFilmThatStandsStillHasNoPattern() {
        float[][] still = new float[7][];
        for (int i = 0; i < still.length; i++) {
            still[i] = new float[] {0.1f, 1e-3f, 1 / 3f};
        }
        SelfSimilarity similarity = SelfSimilarity.of(SelfSimilarity.centred(still));
        assertEquals(0, similarity.cosine(0, 3));
        assertEquals(1, SelfSimilarity.of(still).cosine(0, 3), 1e-7);
    }

    @Test
    void encodedForTheScript() {
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(SelfSimilarity.of(FEATURES).base64()));
        assertEquals(2 * 25, bytes.remaining());
        assertEquals(65535, bytes.getShort(0) & 0xFFFF);
        assertEquals(0, bytes.getShort(2 * 3) & 0xFFFF);
        assertEquals(Math.sqrt(0.5), (bytes.getShort(2) & 0xFFFF) / 65535.0 * 2 - 1, 1.0 / 65535);
    }
}
