package dev.kinema.data;

import dev.kinema.KinemaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Loads batches of clips, epoch by epoch. Threads of its own decode and augment films ahead of the consumer; which films a batch has and
 * every pixel of it depend on the list, the seed and the epoch only.
 *
 * <p>A film that cannot be decoded is recorded, left out, and not tried again; the next film of the epoch's order moves up. An epoch
 * of {@link LoaderSettings#dropLast()} is a whole number of steps: where films fail that an epoch's last step was to have, the
 * step is filled with films from the start of that epoch's order, drawn anew. Once more films have failed than may,
 * {@link #next()} throws.
 *
 * <p>Memory outside the Java heap: the batches that are ready, held by the consumer and in the making, two films per thread, and per
 * thread the decoded clips of one film. To be used by one thread at a time, but for {@link #close()}.
 */
public final class ClipLoader implements AutoCloseable {
    private final ReadyBatches ready;
    private final Failures failures;
    private final List<Thread> threads = new ArrayList<>();
    private long waitedNanos;

    /** A loader that starts with the first batch. */
    public ClipLoader(FilmList list, ClipSampler sampler, ClipTransform transform, LoaderSettings settings) {
        this(list, sampler, transform, settings, LoaderPosition.START, List.of());
    }

    /**
     * A loader that goes on where another, with the same list, sampler, transform and settings, stopped.
     *
     * @param start {@link ClipBatch#position()} of the last batch that was used
     * @param failed {@link ClipBatch#failed()} of that batch
     * @throws KinemaException where a batch is too large for a buffer, or position and failed films are not of this list
     */
    public ClipLoader(FilmList list, ClipSampler sampler, ClipTransform transform, LoaderSettings settings, LoaderPosition start,
            List<FailedFilm> failed) {
        List<Film> films = list.films();
        BlockingQueue<FilmTask> tasks = new LinkedBlockingQueue<>();
        ready = new ReadyBatches(settings.prefetch());
        BatchLayout layout = BatchLayout.of(sampler, transform, settings.batch());
        failures = new Failures(films, settings, failed);
        BatchAssembler assembler = new BatchAssembler(films, settings, layout, failures, start, tasks, ready);
        threads.add(new Thread(assembler, "kinema-batches"));
        for (int i = 0; i < settings.threads(); i++) {
            threads.add(new Thread(new FilmWorker(films, sampler, transform, settings.seed(), tasks), "kinema-films-" + i));
        }
        for (Thread thread : threads) {
            thread.setDaemon(true);
            thread.start();
        }
    }

    /**
     * The next batch, to be closed when it is no longer needed; null after the last epoch.
     *
     * @throws KinemaException where too many films cannot be decoded, naming some; where memory ran out; where the loader is closed, or
     *     this thread is interrupted, which it remains
     * @throws IllegalStateException for a bug of Kinema's, naming the film
     */
    public ClipBatch next() {
        long start = System.nanoTime();
        try {
            return ready.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KinemaException("interrupted while waiting for clips: go on from the position of the last batch", e);
        } finally {
            waitedNanos += System.nanoTime() - start;
        }
    }

    /** The batch that {@link #next()} would give, if it is there already; empty else, and where that would throw. */
    public Optional<ClipBatch> poll() {
        return Optional.ofNullable(ready.poll());
    }

    /** The films that have failed so far, in the order in which their turns came; all of them once {@link #next()} has given null. */
    public List<FailedFilm> failed() {
        return failures.films();
    }

    /** Nanoseconds that {@link #next()} has taken in all, which is the time spent waiting for films. */
    public long waitedNanos() {
        return waitedNanos;
    }

    /** Stops the threads and waits for them to end, at most until each has come to the end of a picture or an augmentation. */
    @Override
    public void close() {
        ready.close();
        threads.forEach(Thread::interrupt);
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    // it will end: the interrupt is kept for later
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
