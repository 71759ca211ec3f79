package dev.kinema.data;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;

/** A film to be decoded and augmented by some thread, and what came of it. */
final class FilmTask {
    private final EpochWalk.Turn turn;
    private final ByteBuffer pixels;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile boolean discarded;
    private volatile boolean damaged;
    private volatile String reason;
    private volatile Throwable bug;

    /** @param pixels gets u8 [clips, variants, T, S, S, 3] */
    FilmTask(EpochWalk.Turn turn, ByteBuffer pixels) {
        this.turn = turn;
        this.pixels = pixels;
    }

    EpochWalk.Turn turn() {
        return turn;
    }

    ByteBuffer pixels() {
        return pixels;
    }

    /** The film cannot be decoded. */
    void fail(String why) {
        reason = why;
    }

    /** The film gave its clips, but something was wrong with it. */
    void damage() {
        damaged = true;
    }

    /** Something else went wrong. */
    void breakBy(Throwable thrown) {
        bug = thrown;
    }

    /** No thread will touch it any more. */
    void finish() {
        done.countDown();
    }

    void await() throws InterruptedException {
        done.await();
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    /** Why the film cannot be decoded; null where it can. */
    String reason() {
        return reason;
    }

    /** Whether the film gave its clips though something was wrong with it. */
    boolean isDamaged() {
        return damaged;
    }

    /** What else went wrong, or null. */
    Throwable bug() {
        return bug;
    }

    /** Nobody wants it any more; a thread that has not begun need not. */
    void discard() {
        discarded = true;
    }

    boolean isDiscarded() {
        return discarded;
    }
}
