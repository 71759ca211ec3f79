package dev.kinema.graph;

/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011): element i
 * of a stream is a function of (seed, step, stream, i) and nothing else, so that resumed runs and different devices draw the
 * same numbers.
 *
 * <p>The counter is (i/4 low, i/4 high, step, stream), the key is the seed; element i is word i%4 of the block.
 * Not for concurrent use: the last block is kept.
 */
public final class Philox {
    private static final int M0 = 0xD2511F53;
    private static final int M1 = 0xCD9E8D57;
    private static final int W0 = 0x9E3779B9;
    private static final int W1 = 0xBB67AE85;

    private long seed;
    private int step;
    private int stream;
    private long cached = -1;
    private final int[] block = new int[4];

    public Philox(long seed, long step, int stream) {
        reset(seed, step, stream);
    }

    /** The stream of a named variable: its number is a hash (FNV-1a) of the name. */
    public static Philox named(long seed, String name) {
        int hash = 0x811C9DC5;
        for (byte b : name.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x01000193;
        }
        return new Philox(seed, 0xFFFFFFFFL, hash);
    }

    /** Turns this generator to another stream, allocating nothing. */
    public void reset(long seed, long step, int stream) {
        this.seed = seed;
        this.step = (int) step;
        this.stream = stream;
        this.cached = -1;
    }

    public long seed() {
        return seed;
    }

    /** 32 random bits for element {@code i}. */
    public int bits(long i) {
        long b = i >>> 2;
        return (b == cached ? block : block(b))[(int) (i & 3)];
    }

    /** Uniform in [0, 1), a multiple of 2^-32. */
    public double uniform(long i) {
        return (bits(i) & 0xFFFFFFFFL) * 0x1p-32;
    }

    /** Standard normal by Box and Muller's transform of two uniforms. */
    public double normal(long i) {
        double u1 = ((bits(2 * i) & 0xFFFFFFFFL) + 1) * 0x1p-32;
        double u2 = uniform(2 * i + 1);
        return Math.sqrt(-2 * Math.log(u1)) * Math.cos(2 * Math.PI * u2);
    }

    /** The four words of block {@code b}, until the next is asked for. */
    int[] block(long b) {
        int c0 = (int) b;
        int c1 = (int) (b >>> 32);
        int c2 = step;
        int c3 = stream;
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < 10; round++) {
            long p0 = (M0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
            long p1 = (M1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
            int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c1 = (int) p1;
            c3 = (int) p0;
            c0 = n0;
            c2 = n2;
            k0 += W0;
            k1 += W1;
        }
        block[0] = c0;
        block[1] = c1;
        block[2] = c2;
        block[3] = c3;
        cached = b;
        return block;
    }
}
