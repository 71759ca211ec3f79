package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureFailure;
import dev.kinema.data.FeatureHeader;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FeatureWriter;
import dev.kinema.data.Film;
import dev.kinema.data.FilmIdentity;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.video.Damage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A list of films through a backbone into a feature store. While a film is computed the next one's first clips are
 * decoded, and computed where a program has nothing else to do. A run that was
 * interrupted or killed goes on with the films that are not done.
 */
public final class FeatureExtraction {
    private final MovieEncoder encoder;
    private final FeatureWriter store;
    private final Watcher watcher;
    private final List<FeatureFailure> failed = new ArrayList<>();
    private int done;
    private long clips;

    private FeatureExtraction(MovieEncoder encoder, FeatureWriter store, Watcher watcher) {
        this.encoder = encoder;
        this.store = store;
        this.watcher = watcher;
    }

    /** Is told what becomes of each film, in the thread that extracts; it must not use the encoder. */
    public interface Watcher {
        /** For whom nobody waits. */
        Watcher NONE = new Watcher() {
        };

        /** The films were looked through: {@code pending} are to be done, {@code skipped} were done before. */
        default void counted(int pending, int skipped) {
        }

        /** A film begins, number {@code place} of those to be done, from 0. */
        default EncodingProgress begun(Film film, int place) {
            return EncodingProgress.NONE;
        }

        /** A film's features are in the store. */
        default void done(FeatureEntry entry, double seconds) {
        }

        /** A film gave no features; the others go on. */
        default void failed(Film film, KinemaException reason) {
        }
    }

    /**
     * What became of a list.
     *
     * @param done films that were encoded
     * @param skipped films that were done before
     * @param failed films that gave no features
     * @param clips encoded, those of films that failed half-way left out
     * @param seconds that it took
     */
    public record Result(int done, int skipped, List<FeatureFailure> failed, long clips, double seconds) {
    }

    /** A film being decoded, with what it was like when that began. */
    private record Opened(Film film, Optional<FilmIdentity> identity, ClipStream clips) implements AutoCloseable {
        static Opened of(Film film, MovieEncoder encoder) {
            Optional<FilmIdentity> identity = FilmIdentity.of(film.path());
            return new Opened(film, identity, encoder.open(film.path()));
        }

        @Override
        public void close() {
            clips.close();
        }
    }

    /** The header of a store of an encoder's features. Reads its weights file, for the digest. */
    public static FeatureHeader header(MovieEncoder encoder) {
        MovieEncoderConfig config = encoder.config();
        return FeatureHeader.of(Sha256.of(config.weights()), encoder.featureWidth(), config.hop(), encoder.plan().frames(),
            encoder.plan().interval(), encoder.plan().framing().crop(), precision(encoder), config.device());
    }

    /** In int8 the calibration decides the numbers, too. */
    private static String precision(MovieEncoder encoder) {
        String name = encoder.precision().name().toLowerCase(Locale.ROOT);
        return encoder.config().calibration().map(file -> name + " calibrated by " + Sha256.of(file)).orElse(name);
    }

    /**
     * Extracts. Skipped are films that are in the store, whose file has the size and time of change that it had, and whose features'
     * file has the size that it had; films that failed are tried again. A film shorter than a clip fails, unless the encoder pads.
     *
     * @param folder of the store, made if it is not there; the caller keeps other writers away
     * @param films of different ids, one or more
     * @param maxFailedShare of the films that may fail, from 0 to 1
     * @throws KinemaException if the store has features of another backbone, device or way of cutting clips; it cannot be written; this
     *     thread is interrupted; or more than that share failed, after which no more are tried. What was finished is kept in any case
     */
    public static Result run(MovieEncoder encoder, Path folder, List<Film> films, double maxFailedShare, Watcher watcher) {
        if (!(maxFailedShare >= 0 && maxFailedShare <= 1)) {
            throw new KinemaException("a share of " + maxFailedShare + " of the films may fail: it must be from 0 to 1");
        }
        checkIds(films);
        long begun = System.nanoTime();
        try (FeatureWriter store = FeatureStore.append(folder, header(encoder))) {
            List<Film> pending = films.stream().filter(film -> store.keep(film).isEmpty()).toList();
            FeatureExtraction extraction = new FeatureExtraction(encoder, store, watcher);
            watcher.counted(pending.size(), films.size() - pending.size());
            extraction.encodeAll(pending, () -> extraction.checkFailures(films.size(), maxFailedShare));
            return new Result(extraction.done, films.size() - pending.size(), List.copyOf(extraction.failed), extraction.clips,
                (System.nanoTime() - begun) / 1e9);
        }
    }

    private static void checkIds(List<Film> films) {
        if (films.isEmpty()) {
            throw new KinemaException("there are no films to extract features of: name lists or folders that have some");
        }
        Map<String, Film> byId = new HashMap<>();
        for (Film film : films) {
            Film other = byId.putIfAbsent(film.id(), film);
            if (other != null) {
                throw new KinemaException("the film '" + film.id() + "' is there twice, as '" + other.path() + "' and '" + film.path()
                    + "': give each film a name of its own");
            }
        }
    }

    private void encodeAll(List<Film> pending, Runnable check) {
        Opened next = pending.isEmpty() ? null : Opened.of(pending.get(0), encoder);
        try {
            for (int i = 0; i < pending.size(); i++) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new KinemaException("interrupted between two films: extract again to go on");
                }
                try (Opened film = next) {
                    next = i + 1 < pending.size() ? Opened.of(pending.get(i + 1), encoder) : null;
                    if (next != null) {
                        film.clips.before(next.clips);
                    }
                    encode(film, i);
                }
                check.run();
            }
        } finally {
            if (next != null) {
                next.close();
            }
        }
    }

    private void encode(Opened opened, int place) {
        Film film = opened.film;
        long begun = opened.clips.begunNanos();
        MovieFeatures features;
        try {
            List<ClipFeature> encoded = new ArrayList<>();
            Damage damage = encoder.stream(opened.clips, encoded::add, watcher.begun(film, place));
            features = MovieFeatures.of(film.path(), encoder.plan(), encoded, encoder.featureWidth(), damage);
            features.checkFinite();
            if (opened.identity.isEmpty()) {
                throw new KinemaException("'" + film.path() + "' came to be while it was read: extract again");
            }
        } catch (KinemaException e) {
            // only what is the film's fault is counted as such
            if (Thread.currentThread().isInterrupted() || encoder.isClosing()) {
                throw e;
            }
            failed.add(store.fail(film, e.getMessage()));
            watcher.failed(film, e);
            return;
        }
        Damage damage = features.damage();
        FeatureEntry entry = store.add(film, opened.identity.get(), features.features(), starts(features),
            damage.isNone() ? "" : damage.describe());
        done++;
        clips += entry.clips();
        watcher.done(entry, (System.nanoTime() - begun) / 1e9);
    }

    private static HostArray starts(MovieFeatures features) {
        HostArray starts = HostArray.allocate(DType.F64, Shape.of(features.clips()));
        for (int k = 0; k < features.clips(); k++) {
            starts.set(k, features.start(k));
        }
        return starts;
    }

    private void checkFailures(int films, double maxFailedShare) {
        if (failed.size() > maxFailedShare * films) {
            FeatureFailure first = failed.get(0);
            throw new KinemaException(failed.size() + " of " + films + " films failed, more than the share of " + maxFailedShare
                + " that may, the first one '" + first.film().id() + "' (" + first.reason()
                + "): mend these films, take them off the list, or allow a larger share to fail (max_failed, --max-failed)");
        }
    }
}
