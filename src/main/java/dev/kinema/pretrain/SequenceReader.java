package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Reads the sequences of a step while the step before it is computed. */
final class SequenceReader implements AutoCloseable {
    private final EventWindows windows;
    private final int batch;
    private final long stepsPerEpoch;
    private final long steps;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "kinema-features");
        thread.setDaemon(true);
        return thread;
    });
    private CompletableFuture<Sequences> ahead;
    private long aheadStep = -1;

    /**
     * The sequences of a step.
     *
     * @param films the film of each
     * @param features [batch, tokens, width]
     */
    record Sequences(int[] films, float[] features) {}

    /** @param windows nobody else's until this is closed */
    SequenceReader(EventWindows windows, int batch, long stepsPerEpoch, long steps) {
        this.windows = windows;
        this.batch = batch;
        this.stepsPerEpoch = stepsPerEpoch;
        this.steps = steps;
    }

    /**
     * Waits for a step's sequences, and has those of the next read.
     *
     * @throws KinemaException if features cannot be read, or this thread is interrupted, which it stays
     */
    Sequences next(long step) {
        CompletableFuture<Sequences> now = aheadStep == step ? ahead : submit(step);
        try {
            Sequences sequences = now.get();
            aheadStep = step + 1;
            ahead = aheadStep < steps ? submit(aheadStep) : null;
            return sequences;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KinemaException("interrupted while features were read: give the same command again to go on", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KinemaException known) {
                throw new KinemaException(known.getMessage(), known);
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException("features cannot be read", e.getCause());
        }
    }

    /** The sequences that {@link #next} would give, the same ones, if they are read already; null else, and where that would throw. */
    Sequences poll(long step) {
        return aheadStep == step && ahead != null && ahead.isDone() && !ahead.isCompletedExceptionally() ? ahead.join() : null;
    }

    private CompletableFuture<Sequences> submit(long step) {
        return CompletableFuture.supplyAsync(() -> read(step), reader);
    }

    private Sequences read(long step) {
        int[] films = new int[batch];
        int size = windows.tokens() * windows.width();
        float[] features = new float[batch * size];
        for (int i = 0; i < batch; i++) {
            EventWindows.Window window = windows.window(step / stepsPerEpoch, (int) (step % stepsPerEpoch * batch) + i);
            windows.copy(window, features, i * size);
            films[i] = window.film();
        }
        return new Sequences(films, features);
    }

    /** Waits until the step that is being read is: the windows are then free for another reader. */
    @Override
    public void close() {
        reader.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = reader.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
