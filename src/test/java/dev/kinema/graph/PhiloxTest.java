package dev.kinema.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** The answers of Random123, kat_vectors, philox4x32 with 10 rounds: counter (block low, block high, step, stream), key seed. */
    @Test
    void knownAnswers() {
        assertArrayEquals(new int[] {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}, new Philox(0, 0, 0).block(0));
        assertArrayEquals(new int[] {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}, new Philox(-1, -1, -1).block(-1));
        Philox digitsOfPi = new Philox(0x299F31D0A4093822L, 0x13198A2EL, 0x03707344);
        assertArrayEquals(new int[] {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}, digitsOfPi.block(0x85A308D3243F6A88L));
    }

    @Test
    void elementsAreTheWordsOfBlocksInOrder() {
        Philox philox = new Philox(5, 6, 7);
        int[] words = IntStream.range(0, 12).map(philox::bits).toArray();
        for (int block = 0; block < 3; block++) {
            assertArrayEquals(Arrays.copyOfRange(words, 4 * block, 4 * block + 4), new Philox(5, 6, 7).block(block));
        }
        assertEquals(words[0], philox.bits(0), "after another block");
    }

    @Test
    void elementsDependOnSeedStepStreamAndIndexAlone() {
        Philox philox = new Philox(42, 3, 7);
        int later = philox.bits(1001);
        philox.bits(5);
        assertEquals(later, philox.bits(1001));
        assertEquals(later, new Philox(42, 3, 7).bits(1001));
        philox.reset(43, 3, 7);
        assertNotEquals(later, philox.bits(1001));
        philox.reset(42, 4, 7);
        assertNotEquals(later, philox.bits(1001));
        philox.reset(42, 3, 8);
        assertNotEquals(later, philox.bits(1001));
        philox.reset(42, 3, 7);
        assertEquals(later, philox.bits(1001));
        assertNotEquals(Philox.named(1, "a").bits(0), Philox.named(1, "b").bits(0));
    }

    /** Mean and variance of n numbers lie within five standard deviations of theirs. */
    @Test
    void momentsAreRight() {
        int n = 100_000;
        Philox philox = new Philox(1, 0, 0);
        double[] uniform = IntStream.range(0, n).mapToDouble(philox::uniform).toArray();
        double[] normal = IntStream.range(0, n).mapToDouble(philox::normal).toArray();
        assertEquals(0.5, mean(uniform), 5 * Math.sqrt(1 / 12.0 / n));
        assertEquals(1 / 3.0, meanSquare(uniform), 5 * Math.sqrt(4 / 45.0 / n));
        assertEquals(0, mean(normal), 5 / Math.sqrt(n));
        assertEquals(1, meanSquare(normal), 5 * Math.sqrt(2.0 / n));
        for (double u : uniform) {
            assertTrue(u >= 0 && u < 1);
        }
    }

    private static double mean(double[] x) {
        return Arrays.stream(x).average().orElseThrow();
    }

    private static double meanSquare(double[] x) {
        return Arrays.stream(x).map(v -> v * v).average().orElseThrow();
    }
}
