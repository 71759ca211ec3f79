package dev.kinema.task.vidsitu;

import dev.kinema.graph.Philox;
import java.util.List;

/** Draws one after another from a stream of random numbers. */
final class Draws {
    private final Philox random;
    private long next;

    /** @param stream of these draws; different streams of a seed have nothing to do with each other */
    Draws(long seed, long step, int stream) {
        random = new Philox(seed, step, stream);
    }

    int below(int bound) {
        return (int) (random.uniform(next++) * bound);
    }

    boolean chance(double probability) {
        return random.uniform(next++) < probability;
    }

    <T> T of(List<T> items) {
        return items.get(below(items.size()));
    }

    long bits() {
        return (long) random.bits(next++) << 32 | random.bits(next++) & 0xFFFFFFFFL;
    }
}
