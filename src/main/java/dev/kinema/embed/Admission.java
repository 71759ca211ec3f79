package dev.kinema.embed;

import dev.kinema.embed.EncodingStoppedException.Reason;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The door of an encoder: so many calls are inside, so many wait in the order they came, and the others are refused. */
final class Admission {
    private final int mostInside;
    private final int mostWaiting;
    private final long patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** With the thread of each. */
    private final Map<EncodingCall, Thread> inside = new LinkedHashMap<>();
    private final Deque<EncodingCall> waiting = new ArrayDeque<>();
    private boolean closing;

    Admission(int mostInside, ServingConfig serving) {
        this.mostInside = mostInside;
        this.mostWaiting = serving.waiting();
        this.patience = serving.patience().map(ServingConfig::clamped).orElse(Long.MAX_VALUE);
    }

    /**
     * Returns when the call is inside, to be followed by {@link #leave}.
     *
     * @throws EncodingStoppedException if it is refused, or ends while it waits
     * @throws IllegalStateException if a call of this thread is inside
     */
    void enter(EncodingCall call) {
        lock.lock();
        try {
            requireOutside("used");
            if (closing) {
                throw new EncodingStoppedException(Reason.CLOSED, "the encoder is closed: open another one");
            }
            call.check();
            if (inside.size() >= mostInside || !waiting.isEmpty()) {
                await(call);
            }
            inside.put(call, Thread.currentThread());
        } finally {
            lock.unlock();
        }
    }

    private void await(EncodingCall call) {
        if (waiting.size() >= mostWaiting) {
            throw call.stopped(Reason.BUSY);
        }
        long begun = System.nanoTime();
        waiting.addLast(call);
        call.wakenBy(this::signal);
        try {
            while (inside.size() >= mostInside || waiting.peekFirst() != call) {
                call.check();
                long left = patience == Long.MAX_VALUE ? Long.MAX_VALUE : patience - (System.nanoTime() - begun);
                if (left <= 0) {
                    throw call.stopped(Reason.BUSY);
                }
                changed.awaitNanos(Math.min(left, call.remaining()));
            }
        } catch (InterruptedException e) {
            throw call.interrupted();
        } finally {
            call.wakenByNobody();
            waiting.remove(call);
            changed.signalAll();
        }
    }

    private void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void leave(EncodingCall call) {
        lock.lock();
        try {
            inside.remove(call);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void requireOutside(String what) {
        if (inside.containsValue(Thread.currentThread())) {
            throw new IllegalStateException("an encoder was " + what + " inside its own callback: do it when encode has returned");
        }
    }

    /** Lets nobody in any more, wakes all, and waits until everybody has left. An interrupt is kept for later. */
    void close() {
        List<EncodingCall> all;
        lock.lock();
        try {
            requireOutside("closed");
            closing = true;
            all = List.copyOf(inside.keySet());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        // outside the lock: waking takes other locks, whose holders may want this one
        all.forEach(EncodingCall::wake);
        lock.lock();
        try {
            while (!inside.isEmpty() || !waiting.isEmpty()) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isClosing() {
        lock.lock();
        try {
            return closing;
        } finally {
            lock.unlock();
        }
    }

    EncoderLoad load() {
        lock.lock();
        try {
            return new EncoderLoad(inside.size(), waiting.size());
        } finally {
            lock.unlock();
        }
    }
}
