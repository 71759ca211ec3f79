package dev.kinema.data;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;

/**
 * The thread that says which films are loaded, and puts what comes of them together in their order. It looks ahead by a few films, as
 * if none of them would fail; where one does, it looks again.
 */
final class BatchAssembler implements Runnable {
    /** Films looked ahead by per thread: a long film holds up those after it, which meanwhile are loaded. */
    private static final int AHEAD_PER_THREAD = 2;

    private final List<Film> films;
    private final LoaderSettings settings;
    private final BatchLayout layout;
    private final Failures failures;
    private final BlockingQueue<FilmTask> tasks;
    private final ReadyBatches ready;
    private final BatchBuffers buffers;
    private final EpochWalk walk;
    private final Deque<FilmTask> window = new ArrayDeque<>();
    private final List<FilmTask> discarded = new ArrayList<>();
    private final Deque<ByteBuffer> spare = new ArrayDeque<>();
    private EpochWalk ahead;
    private BatchDraft draft;

    BatchAssembler(List<Film> films, LoaderSettings settings, BatchLayout layout, Failures failures, LoaderPosition start,
            BlockingQueue<FilmTask> tasks, ReadyBatches ready) {
        this.films = films;
        this.settings = settings;
        this.layout = layout;
        this.failures = failures;
        this.tasks = tasks;
        this.ready = ready;
        buffers = new BatchBuffers(layout.bytes());
        walk = new EpochWalk(films.size(), settings, failures.numbers(), start);
        ahead = walk.copy();
    }

    @Override
    public void run() {
        try {
            assemble();
            ready.end();
        } catch (InterruptedException e) {
            // the loader was closed: there is nobody to tell
            Thread.currentThread().interrupt();
        } catch (OutOfMemoryError e) {
            ready.end(new KinemaException("there is no memory for " + (buffers.allocated() + 1) + " batches of " + layout.bytes()
                + " bytes (" + e.getMessage() + "): " + FailedLoad.MORE_MEMORY + ", or use smaller batches or a smaller prefetch", e));
        } catch (RuntimeException e) {
            ready.end(e);
        } catch (Error e) {
            ready.end(e);
        }
    }

    private void assemble() throws InterruptedException {
        failures.check();
        while (true) {
            lookAhead(Map.of());
            EpochWalk.Turn turn = walk.turn();
            if (turn == null) {
                return;
            }
            FilmTask task = window.removeFirst();
            if (!turn.equals(task.turn())) {
                throw new IllegalStateException("looked ahead to " + task.turn() + ", but it is the turn of " + turn);
            }
            task.await();
            Film film = films.get(turn.film());
            if (task.bug() != null) {
                throw FailedLoad.of(film, task.bug());
            }
            spare.addLast(task.pixels());
            if (task.reason() == null) {
                place(task);
            } else {
                fail(turn.film(), new FailedFilm(film.id(), task.reason()));
            }
        }
    }

    private void place(FilmTask task) throws InterruptedException {
        EpochWalk.Turn turn = task.turn();
        if (draft != null && draft.isFull()) {
            // it waited to be told whether it is the epoch's last
            deliver();
        }
        if (draft == null) {
            draft = new BatchDraft(layout, buffers, turn.epoch(), walk.delivered() / settings.batch());
        }
        draft.add(turn.film(), task.pixels(), task.isDamaged());
        walk.succeed();
        boolean over = walk.epochIsOver();
        if (draft.isFull() || over) {
            draft.stand(walk.position(), failures.films(), over);
            if (over || settings.dropLast()) {
                deliver();
            }
        }
    }

    private void fail(int number, FailedFilm film) throws InterruptedException {
        failures.add(number, film);
        failures.check();
        walk.fail();
        if (draft != null && walk.epochIsOver()) {
            draft.stand(walk.position(), failures.films(), true);
            deliver();
        }
        lookAgain();
    }

    private void deliver() throws InterruptedException {
        ready.put(draft.finish(films));
        draft = null;
    }

    /** Has the films loaded whose turns come after those in the window, of which {@code known} are being loaded already. */
    private void lookAhead(Map<EpochWalk.Turn, FilmTask> known) {
        discarded.removeIf(task -> {
            boolean done = task.isDone();
            if (done) {
                spare.addLast(task.pixels());
            }
            return done;
        });
        while (window.size() < AHEAD_PER_THREAD * settings.threads()) {
            EpochWalk.Turn turn = ahead.turn();
            if (turn == null) {
                return;
            }
            ahead.succeed();
            FilmTask task = known.get(turn);
            if (task == null) {
                ByteBuffer pixels = spare.pollLast();
                task = new FilmTask(turn, pixels == null ? ByteBuffer.allocateDirect(layout.filmBytes()) : pixels);
                tasks.add(task);
            }
            window.addLast(task);
        }
    }

    /** Looks ahead anew: what a failure has made of no use is discarded. */
    private void lookAgain() {
        Map<EpochWalk.Turn, FilmTask> known = new HashMap<>();
        window.forEach(task -> known.put(task.turn(), task));
        window.clear();
        ahead = walk.copy();
        lookAhead(known);
        window.forEach(task -> known.remove(task.turn()));
        known.values().forEach(FilmTask::discard);
        discarded.addAll(known.values());
    }
}
