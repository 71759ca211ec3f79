package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** Threads for the loops that are written in Java; starting one allocates nothing. A team busy with another program's loop leaves a caller to itself. */
final class Team implements AutoCloseable {
    /** A part of a loop; parts of one loop run at the same time. */
    @FunctionalInterface
    interface Range {
        void run(int from, int to);
    }

    /** How long an idle worker watches for the next loop before it sleeps, in rounds of some 30 ns. */
    private static final int WATCH = 2000;

    private final Thread[] workers;
    private final ReentrantLock busy = new ReentrantLock();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger working = new AtomicInteger();
    private volatile int epoch;
    private volatile boolean closed;
    private volatile Throwable failure;
    private Range task;
    private int size;
    private int part;

    Team(int threads) {
        workers = new Thread[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Thread(this::work, "kinema-cpu-" + i);
            workers[i].setDaemon(true);
            workers[i].start();
        }
    }

    /**
     * Runs {@code range} over [0, size) in parts of at least {@code grain}. Which thread takes which part is not fixed: a part must not
     * depend on the others.
     */
    void run(int size, int grain, Range range) {
        if (closed) {
            throw new KinemaException("the cpu device is closed: close it after its programs");
        }
        int parts = Math.min((workers.length + 1) * 4, size / Math.max(1, grain));
        if (parts < 2 || !busy.tryLock()) {
            range.run(0, size);
            return;
        }
        try {
            this.size = size;
            this.task = range;
            this.part = (size + parts - 1) / parts;
            next.set(0);
            working.set(workers.length);
            epoch++;
            for (Thread worker : workers) {
                LockSupport.unpark(worker);
            }
            takeParts();
            while (working.get() > 0) {
                Thread.onSpinWait();
            }
            rethrow();
        } finally {
            task = null;
            busy.unlock();
        }
    }

    private void takeParts() {
        try {
            for (int from = next.getAndAdd(part); from < size; from = next.getAndAdd(part)) {
                task.run(from, Math.min(size, from + part));
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    private void rethrow() {
        Throwable thrown = failure;
        failure = null;
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
    }

    private void work() {
        int seen = 0;
        while (!closed) {
            int watched = 0;
            while (epoch == seen && !closed) {
                if (watched++ < WATCH) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            seen = epoch;
            takeParts();
            working.decrementAndGet();
        }
    }

    /** Waits for a loop that is running. */
    @Override
    public void close() {
        busy.lock();
        try {
            closed = true;
        } finally {
            busy.unlock();
        }
        for (Thread worker : workers) {
            LockSupport.unpark(worker);
        }
    }
}
