package dev.kinema.device.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;

/** The device's threads. Work is split by output rows, so that results do not depend on how many there are. */
final class Workers implements AutoCloseable {
    /** More parts than threads, since rows at a border have less to do. */
    private static final int PARTS_PER_THREAD = 4;

    private final int threads;
    private final ForkJoinPool pool;

    /** What is done to the rows {@code from} (inclusive) to {@code to} (exclusive). */
    @FunctionalInterface
    interface Body {
        void run(int from, int to);
    }

    Workers(int threads) {
        this.threads = threads;
        this.pool = threads == 1 ? null : new ForkJoinPool(threads);
    }

    int threads() {
        return threads;
    }

    /** Runs the body over all of {@code rows} rows and returns when they are done. */
    void rows(int rows, Body body) {
        int parts = Math.min(rows, PARTS_PER_THREAD * threads);
        if (pool == null || parts <= 1) {
            body.run(0, rows);
            return;
        }
        List<ForkJoinTask<?>> tasks = new ArrayList<>();
        for (int p = 0; p < parts; p++) {
            int from = (int) ((long) rows * p / parts);
            int to = (int) ((long) rows * (p + 1) / parts);
            tasks.add(pool.submit(() -> body.run(from, to)));
        }
        tasks.forEach(ForkJoinTask::join);
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.shutdown();
        }
    }
}
