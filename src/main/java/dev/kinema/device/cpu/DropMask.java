package dev.kinema.device.cpu;

import dev.kinema.graph.Philox;
import java.nio.FloatBuffer;

/**
 * Which elements dropout keeps, for a {@link Tile} at a time: the numbers of {@link Philox} (Salmon et al., SC 2011), of 256 blocks at once, by
 * loops over 64-bit numbers, which are vectorised where the processor multiplies these (AVX512DQ).
 */
final class DropMask {
    private static final int BLOCKS = Tile.SIZE / 4;
    private static final long LOW = 0xFFFFFFFFL;
    private static final long M0 = 0xD2511F53L;
    private static final long M1 = 0xCD9E8D57L;
    private static final long W0 = 0x9E3779B9L;
    private static final long W1 = 0xBB67AE85L;
    private static final int ROUNDS = 10;
    private static final ThreadLocal<long[][]> COUNTERS = ThreadLocal.withInitial(() -> new long[4][BLOCKS]);

    private final long threshold;
    private final float scale;
    private final int salt;
    private long seed;
    private long step;

    /** @param p the share of elements that become 0 */
    DropMask(double p, int salt) {
        threshold = (long) Math.ceil(p * 0x1p32);
        scale = (float) (1 / (1 - p));
        this.salt = salt;
    }

    /** The elements of a run of a program. */
    void begin(long seed, long step) {
        this.seed = seed;
        this.step = step;
    }

    /** The range of a loop over the tiles of {@code elements} numbers: out = in / (1 - p) or 0. The two may be one. */
    Team.Range over(FloatBuffer in, FloatBuffer out, int elements) {
        return (from, to) -> {
            Tile tile = Tile.own();
            for (int t = from; t < to; t++) {
                int at = t * Tile.SIZE;
                int count = Math.min(Tile.SIZE, elements - at);
                in.get(at, tile.x, 0, count);
                drop(tile, t);
                out.put(at, tile.x, 0, count);
            }
        };
    }

    /** How many tiles so many elements make. */
    static int tiles(int elements) {
        return (elements + Tile.SIZE - 1) / Tile.SIZE;
    }

    /** Drops by the bits of the product, so that what is dropped is 0, whatever it was. */
    private void drop(Tile tile, int index) {
        long[][] words = words(index);
        for (long[] word : words) {
            for (int i = 0; i < BLOCKS; i++) {
                word[i] = (threshold - 1 - word[i]) >> 63;
            }
        }
        float[] x = tile.x;
        for (int i = 0; i < Tile.SIZE; i++) {
            x[i] *= scale;
        }
        tile.bitsOf(x);
        int[] bits = tile.bits;
        for (int i = 0; i < BLOCKS; i++) {
            bits[4 * i] &= (int) words[0][i];
            bits[4 * i + 1] &= (int) words[1][i];
            bits[4 * i + 2] &= (int) words[2][i];
            bits[4 * i + 3] &= (int) words[3][i];
        }
        tile.floatsOf(x);
    }

    /** The four words of each block of a tile, as Philox' {@code block} computes them one by one. */
    private long[][] words(int tile) {
        long[][] c = COUNTERS.get();
        long first = (long) tile * BLOCKS;
        for (int i = 0; i < BLOCKS; i++) {
            c[0][i] = first + i & LOW;
            c[1][i] = first + i >>> 32;
            c[2][i] = step & LOW;
            c[3][i] = salt & LOW;
        }
        long k0 = seed & LOW;
        long k1 = seed >>> 32;
        for (int round = 0; round < ROUNDS; round++) {
            round(c[0], c[1], c[2], c[3], k0, k1);
            k0 = k0 + W0 & LOW;
            k1 = k1 + W1 & LOW;
        }
        return c;
    }

    private static void round(long[] c0, long[] c1, long[] c2, long[] c3, long k0, long k1) {
        for (int i = 0; i < BLOCKS; i++) {
            long p0 = M0 * c0[i];
            long p1 = M1 * c2[i];
            c0[i] = p1 >>> 32 ^ c1[i] ^ k0;
            c2[i] = p0 >>> 32 ^ c3[i] ^ k1;
            c1[i] = p1 & LOW;
            c3[i] = p0 & LOW;
        }
    }
}
