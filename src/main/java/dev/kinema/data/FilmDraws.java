package dev.kinema.data;

import dev.kinema.graph.Permutation;
import dev.kinema.graph.Philox;
import java.nio.charset.StandardCharsets;

/**
 * Where a loader's draws come from. Every film has a key of its own, the seed mixed with a hash of its id, and in it a stream for
 * each purpose, so that a draw depends on the seed, the epoch, the film and the purpose, and on no thread and no other film.
 */
final class FilmDraws {
    /** The stream that clips are sampled with; view v is augmented with stream v + 1. */
    private static final int SAMPLING = 0;
    /** Streams of one visit to a film; a film visited twice in an epoch gets others. */
    private static final int PER_VISIT = 1 << 16;
    /** No film's id: ids are not empty and a list's line has no line end. */
    private static final String ORDER = "\n order of the films";

    private FilmDraws() {
    }

    /** The stream that film {@code id}'s clips are sampled with. */
    static Philox sampling(long seed, long epoch, String id, int visit) {
        return new Philox(key(seed, id), epoch, visit * PER_VISIT + SAMPLING);
    }

    /** The stream that view {@code view} of film {@code id} is augmented with. */
    static Philox augmentation(long seed, long epoch, String id, int visit, int view) {
        return new Philox(key(seed, id), epoch, visit * PER_VISIT + 1 + view);
    }

    /**
     * The order in which an epoch visits {@code films} films.
     *
     * @return a {@link Permutation} of 0 to films - 1
     */
    static int[] order(long seed, long epoch, int films) {
        return Permutation.of(new Philox(key(seed, ORDER), epoch, 0), films);
    }

    /** 0 to films - 1. */
    static int[] listOrder(int films) {
        int[] order = new int[films];
        for (int i = 0; i < films; i++) {
            order[i] = i;
        }
        return order;
    }

    /** The seed and the name's FNV-1a hash: of 64 bits, in which no two of a million names are likely to meet. */
    private static long key(long seed, String name) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return seed ^ hash;
    }
}
