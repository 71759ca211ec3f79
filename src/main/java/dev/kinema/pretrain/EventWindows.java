package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.StoredFeatures;
import dev.kinema.graph.Permutation;
import dev.kinema.graph.Philox;
import dev.kinema.model.ContextualizerConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sequences of events out of films: each starts anywhere in its film where it fits. An epoch goes over all films in an order of its own;
 * order and starts depend on the seed, the epoch and the film alone. For one thread at a time.
 */
final class EventWindows {
    private static final int ORDER = 0x0DE2;
    private static final int START = 0x57A2;
    private static final long MEGABYTE = 1 << 20;

    /**
     * A place to cut from.
     *
     * @param film index among the films
     * @param first row of the film's features
     */
    record Window(int film, int first) {}

    private final FeatureStore store;
    private final List<FeatureEntry> films = new ArrayList<>();
    private final List<String> tooShort = new ArrayList<>();
    private final int tokens;
    private final int stride;
    private final int perFilm;
    private final long seed;
    private final long cacheBytes;
    private final Map<Integer, StoredFeatures> cache = new HashMap<>();
    private long cached;
    private long orderedEpoch = -1;
    private int[] order;

    /** @throws KinemaException if the stride is no multiple of the store's hop, or too many films are too short for a sequence */
    EventWindows(FeatureStore store, MaskPredictionConfig.WindowSettings settings, long seed) {
        this.store = store;
        this.seed = seed;
        tokens = settings.tokens();
        stride = store.header().rows(settings.stride());
        perFilm = settings.perFilm();
        // features are held outside the heap, where other things must find room, too
        cacheBytes = Math.min(settings.cacheMegabytes() * MEGABYTE, DirectMemory.most() / 2);
        for (FeatureEntry entry : store.entries()) {
            if (StoredFeatures.windows(entry.clips(), stride, tokens) > 0) {
                films.add(entry);
            } else {
                tooShort.add(entry.id());
            }
        }
        int all = films.size() + tooShort.size();
        if (films.isEmpty() || tooShort.size() > settings.maxFailed() * all) {
            throw new KinemaException(tooShort.size() + " of the " + all + " films in '" + store.folder() + "' are too short for "
                + tokens + " events " + settings.stride() + " s apart" + (tooShort.isEmpty() ? "" : ", first '" + tooShort.get(0) + "'")
                + ": lower tokens or stride, or raise max_failed");
        }
    }

    /** Films that are long enough. */
    int films() {
        return films.size();
    }

    FeatureEntry film(int index) {
        return films.get(index);
    }

    /** Ids of films that are not. */
    List<String> tooShort() {
        return tooShort;
    }

    int tokens() {
        return tokens;
    }

    /** Rows from event to event. */
    int stride() {
        return stride;
    }

    int width() {
        return store.header().width();
    }

    /** @throws KinemaException if the features are not of the width that a network takes */
    void requireWidth(ContextualizerConfig network) {
        if (width() != network.inputWidth()) {
            throw new KinemaException("the features have width " + width() + ", but network has input_width " + network.inputWidth()
                + ": set it to " + width());
        }
    }

    /** Windows of an epoch. */
    int count() {
        return films.size() * perFilm;
    }

    /** Window {@code index} of an epoch. */
    Window window(long epoch, int index) {
        if (epoch != orderedEpoch) {
            order = Permutation.of(new Philox(seed, epoch, ORDER), count());
            orderedEpoch = epoch;
        }
        int place = order[index];
        int film = place % films.size();
        FeatureEntry entry = films.get(film);
        // a film's draws are its own: they do not change when other films come or go
        Philox random = new Philox(seed ^ (long) entry.id().hashCode() << 32, epoch, START);
        int starts = StoredFeatures.windows(entry.clips(), stride, tokens);
        return new Window(film, (int) (random.uniform(place / films.size()) * starts));
    }

    /** Copies a window's features [tokens, width]. */
    void copy(Window window, float[] into, int offset) {
        features(window.film).window(window.first, stride, tokens, into, offset);
    }

    private StoredFeatures features(int film) {
        StoredFeatures known = cache.get(film);
        if (known != null) {
            return known;
        }
        StoredFeatures read = store.read(films.get(film));
        long bytes = 4L * read.clips() * read.width();
        if (cached + bytes <= cacheBytes) {
            cache.put(film, read);
            cached += bytes;
        }
        return read;
    }
}
