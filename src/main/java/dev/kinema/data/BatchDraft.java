package dev.kinema.data;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** A batch that is being put together. */
final class BatchDraft {
    private final BatchLayout room;
    private final BatchBuffers home;
    private final ByteBuffer pixels;
    private final long epoch;
    private final long indexInEpoch;
    private final int[] indices;
    private int count;
    private int damaged;
    private boolean last;
    private LoaderPosition position;
    private List<FailedFilm> failed;

    BatchDraft(BatchLayout room, BatchBuffers home, long epoch, long indexInEpoch) {
        this.room = room;
        this.home = home;
        this.epoch = epoch;
        this.indexInEpoch = indexInEpoch;
        indices = new int[room.films()];
        pixels = home.take();
    }

    boolean isFull() {
        return count == room.films();
    }

    /** Adds a film's clips, [clips, variants, T, S, S, 3]. */
    void add(int film, ByteBuffer clips, boolean isDamaged) {
        for (int clip = 0; clip < room.clips(); clip++) {
            pixels.put(room.offset(clip, count, 0), clips, clip * room.viewBytes(), room.viewBytes());
        }
        indices[count++] = film;
        damaged += isDamaged ? 1 : 0;
    }

    /** Says how things stand now that its last film is in it. */
    void stand(LoaderPosition next, List<FailedFilm> failures, boolean isLast) {
        position = next;
        failed = failures;
        last = isLast;
    }

    /** The batch. */
    ClipBatch finish(List<Film> films) {
        BatchLayout layout = layout();
        for (int clip = 1; clip < room.clips() && !isFull(); clip++) {
            // the clips of fewer films move together; to the left, so that none is written over before it has moved
            pixels.put(layout.offset(clip, 0, 0), pixels.duplicate(), room.offset(clip, 0, 0), count * room.viewBytes());
        }
        pixels.position(0).limit(layout.bytes());
        return new ClipBatch(this, films);
    }

    BatchLayout layout() {
        return room.of(count);
    }

    int[] indices() {
        return Arrays.copyOf(indices, count);
    }

    long epoch() {
        return epoch;
    }

    long indexInEpoch() {
        return indexInEpoch;
    }

    boolean isLast() {
        return last;
    }

    LoaderPosition position() {
        return position;
    }

    List<FailedFilm> failed() {
        return failed;
    }

    int damagedFilms() {
        return damaged;
    }

    BatchBuffers home() {
        return home;
    }

    ByteBuffer pixels() {
        return pixels;
    }
}
