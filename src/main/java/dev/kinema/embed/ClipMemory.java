package dev.kinema.embed;

import dev.kinema.video.ClipPlan;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Memory for decoded clips of all films of an encoder. Each film has a share of its own, so that it comes along whatever the others do; and
 * all that are computed borrow from a reserve, so that a film that is alone can keep every program busy. The bound of N films is therefore
 * N times the share and one reserve. What was made is kept for later films.
 */
final class ClipMemory {
    /** A decoded clip, u8 [T, H, W, 3], with where it is from. */
    static final class Slot {
        final ByteBuffer pixels;
        final double[] times;
        long index;

        Slot(int bytes, int frames) {
            pixels = ByteBuffer.allocateDirect(bytes);
            times = new double[frames];
        }
    }

    private final int clipBytes;
    private final int frames;
    private final int own;
    private final int reserve;
    private final Deque<Slot> spare = new ArrayDeque<>();
    private int borrowed;
    private int made;

    /**
     * @param own clips of each film
     * @param reserve clips that all films together may have beyond that
     */
    ClipMemory(ClipPlan plan, int own, int reserve) {
        clipBytes = plan.frames() * plan.framing().crop() * plan.framing().crop() * 3;
        frames = plan.frames();
        this.own = own;
        this.reserve = reserve;
    }

    /**
     * For programs that compute {@code batch} clips at a time. A film can have one clip in the making, those that all programs compute, as
     * many that are taken for their next runs, and a group that waits; of these its own are the one in the making, a group that is computed
     * and one that waits.
     *
     * @param group clips that a film hands over together
     */
    static ClipMemory of(ClipPlan plan, int programs, int batch, int group) {
        int own = 1 + 2 * group;
        return new ClipMemory(plan, own, 1 + 2 * programs * batch + group - own);
    }

    /** A film's part of the memory. */
    final class Share {
        private int held;
        private boolean mayBorrow;
        private boolean closed;

        /** Lets it borrow from the reserve: its clips are computed from now on, and not only decoded beforehand. */
        void borrow() {
            synchronized (ClipMemory.this) {
                mayBorrow = true;
                ClipMemory.this.notifyAll();
            }
        }

        /**
         * Memory for a clip, waiting until there is some.
         *
         * @throws InterruptedException if the thread is interrupted, or nobody wants the film any more
         */
        Slot take() throws InterruptedException {
            synchronized (ClipMemory.this) {
                while (!closed && held >= own && (!mayBorrow || borrowed >= reserve)) {
                    ClipMemory.this.wait();
                }
                if (closed) {
                    throw new InterruptedException();
                }
                borrowed += held >= own ? 1 : 0;
                held++;
                if (!spare.isEmpty()) {
                    return spare.pop();
                }
                made++;
            }
            return make();
        }

        private Slot make() {
            Slot slot = null;
            try {
                slot = new Slot(clipBytes, frames);
                return slot;
            } finally {
                if (slot == null) {
                    release(null);
                }
            }
        }

        void give(Slot slot) {
            release(slot);
        }

        /** @param slot null for one that could not be made */
        private void release(Slot slot) {
            synchronized (ClipMemory.this) {
                held--;
                borrowed -= held >= own ? 1 : 0;
                if (slot == null) {
                    made--;
                } else {
                    spare.push(slot);
                }
                ClipMemory.this.notifyAll();
            }
        }

        /** Nothing more is taken. What is still held, as by a decoder that hangs, may be given back later, or never. */
        void close() {
            synchronized (ClipMemory.this) {
                closed = true;
                ClipMemory.this.notifyAll();
            }
        }
    }

    Share share() {
        return new Share();
    }

    /** Clips that nobody uses. */
    synchronized int spare() {
        return spare.size();
    }

    /** Clips that there is memory of, the most ever used at once. */
    synchronized int made() {
        return made;
    }

    /** Lets go of what nobody uses. */
    synchronized void clear() {
        made -= spare.size();
        spare.clear();
    }
}
