package dev.kinema.data;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Clips of some films, ready to be looked at: the same number of clips of each film.
 *
 * <p>Closing a batch gives its pixels back to the loader, which writes the next ones there. To be used by one thread at a time.
 */
public final class ClipBatch implements AutoCloseable {
    private final BatchLayout layout;
    private final List<Film> films;
    private final int[] indices;
    private final long epoch;
    private final long indexInEpoch;
    private final boolean last;
    private final LoaderPosition position;
    private final List<FailedFilm> failed;
    private final int damagedFilms;
    private final BatchBuffers home;
    private ByteBuffer pixels;

    ClipBatch(BatchDraft draft, List<Film> films) {
        layout = draft.layout();
        this.films = films;
        indices = draft.indices();
        epoch = draft.epoch();
        indexInEpoch = draft.indexInEpoch();
        last = draft.isLast();
        position = draft.position();
        failed = draft.failed();
        damagedFilms = draft.damagedFilms();
        home = draft.home();
        pixels = draft.pixels();
    }

    /**
     * The pixels, u8 RGB [clips, films, variants, frames, size, size, 3] from byte 0 to the limit, in a direct buffer that is the
     * loader's: the first clips of all films come first, so that each half of a pair is one block.
     */
    public ByteBuffer pixels() {
        if (pixels == null) {
            throw new IllegalStateException("batch " + indexInEpoch + " of epoch " + epoch + " is closed: its pixels are gone");
        }
        return pixels;
    }

    /** Where a clip starts in {@link #pixels()}: {@code ((clip * films + film) * variants + variant) * frames * size * size * 3}. */
    public int offset(int clip, int film, int variant) {
        return layout.offset(clip, film, variant);
    }

    /** Clips of each film. */
    public int clips() {
        return layout.clips();
    }

    /** Films in the batch; fewer than usual only in the last batch of an evaluation. */
    public int films() {
        return layout.films();
    }

    /** Variants of each clip. */
    public int variants() {
        return layout.variants();
    }

    /** Pictures of each clip. */
    public int frames() {
        return layout.frames();
    }

    /** Side of the pictures in pixels. */
    public int size() {
        return layout.size();
    }

    /** Numbers of the films in the list, [films]. */
    public int[] indices() {
        return indices.clone();
    }

    /** Ids of the films, [films]. */
    public List<String> ids() {
        return java.util.Arrays.stream(indices).mapToObj(index -> films.get(index).id()).toList();
    }

    /** Labels of the films, [films]; {@link Film#NO_LABEL} where there is none. */
    public int[] labels() {
        return java.util.Arrays.stream(indices).map(index -> films.get(index).label()).toArray();
    }

    /** The epoch, from 0. */
    public long epoch() {
        return epoch;
    }

    /** The batch's number in its epoch, from 0. */
    public long indexInEpoch() {
        return indexInEpoch;
    }

    /** Whether the next batch is of another epoch, or there is none. */
    public boolean lastOfEpoch() {
        return last;
    }

    /** Where a loader that is given this and {@link #failed()} goes on with the batch after this one. */
    public LoaderPosition position() {
        return position;
    }

    /** The films that have failed up to here, in the order in which their turns came; those given to the loader first. */
    public List<FailedFilm> failed() {
        return failed;
    }

    /**
     * How many films of this batch gave their clips though something was wrong with them, as far as they were read: frames whose pixels are
     * guessed, missing packets, an end that comes somewhat early ({@link dev.kinema.video.Damage}).
     */
    public int damagedFilms() {
        return damagedFilms;
    }

    /** Gives the pixels back. */
    @Override
    public void close() {
        if (pixels != null) {
            home.give(pixels);
            pixels = null;
        }
    }
}
