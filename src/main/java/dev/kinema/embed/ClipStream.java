package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.ClipReader;
import dev.kinema.video.Damage;
import dev.kinema.video.Footage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * The clips of a film being decoded by a thread of its own, a few clips ahead of whoever encodes them. Made by
 * {@link MovieEncoder#open(Path)}; opening the next film's before encoding the last one's keeps the processor busy in between.
 * Closing it stops the thread.
 */
public final class ClipStream implements AutoCloseable {
    /** Clips decoded ahead: one being filled, one waiting, one being copied. */
    static final int AHEAD = 3;

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

    private static final Slot END = new Slot(0, 0);

    private final Path film;
    private final ClipPlan plan;
    private final long from;
    private final Queue<Slot> spare;
    private final BlockingQueue<Slot> empty = new ArrayBlockingQueue<>(AHEAD);
    private final BlockingQueue<Slot> full = new ArrayBlockingQueue<>(AHEAD + 1);
    private final Thread decoder;
    private volatile OptionalLong expected = OptionalLong.empty();
    private volatile Damage damage;
    private volatile Throwable failure;
    private boolean ended;

    /**
     * @param from the first clip to decode
     * @param spare slots of the plan's size that nobody uses; taken from, and given back when the stream is closed
     */
    ClipStream(Path film, ClipPlan plan, long from, Queue<Slot> spare) {
        this.film = film;
        this.from = from;
        this.plan = plan;
        this.spare = spare;
        decoder = new Thread(this::decode, "kinema-decode " + film);
        decoder.setDaemon(true);
        decoder.start();
    }

    private void decode() {
        try (Footage video = Footage.open(film); ClipReader clips = video.clips(plan)) {
            provide();
            if (from > 0) {
                clips.seek(from);
            }
            video.duration().ifPresent(seconds -> expected = OptionalLong.of(plan.clipsIn(seconds)));
            while (true) {
                Slot slot = empty.take();
                if (!clips.next(slot.pixels, 0)) {
                    empty.add(slot);
                    damage = video.damage();
                    break;
                }
                slot.index = clips.index();
                for (int i = 0; i < slot.times.length; i++) {
                    slot.times[i] = clips.frameTime(i);
                }
                full.add(slot);
            }
        } catch (InterruptedException e) {
            // the stream was closed: there is nobody to tell
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            failure = e;
        }
        full.add(END);
    }

    /** Memory for the clips; in the decoder's thread, so that too little of it is this film's failure and not its predecessor's. */
    private void provide() {
        int bytes = plan.frames() * plan.framing().crop() * plan.framing().crop() * 3;
        for (int i = 0; i < AHEAD; i++) {
            Slot slot = spare.poll();
            empty.add(slot == null ? new Slot(bytes, plan.frames()) : slot);
        }
    }

    /** The film. */
    public Path film() {
        return film;
    }

    /** The first clip it delivers. */
    public long from() {
        return from;
    }

    ClipPlan plan() {
        return plan;
    }

    /** How many clips the container's duration promises; empty until the film is open, and where it announces none. */
    public OptionalLong expectedClips() {
        return expected;
    }

    /** What was wrong with the film; complete once its last clip was taken. */
    Damage damage() {
        return damage;
    }

    /**
     * The next clip, to be given back by {@link #recycle}; null after the last.
     *
     * @throws KinemaException what the decoder threw, running out of memory and bugs included: they are this film's, and others may go well
     * @throws InterruptedException if this thread is interrupted while it waits
     */
    Slot next() throws InterruptedException {
        if (ended) {
            throw new KinemaException("the clips of '" + film + "' were already encoded: open the film again");
        }
        Slot slot = full.take();
        if (slot != END) {
            return slot;
        }
        ended = true;
        if (failure != null) {
            throw failed(film, failure);
        }
        if (damage == null) {
            throw new KinemaException("the clips of '" + film + "' were closed before they were encoded: open the film again");
        }
        return null;
    }

    /** What the decoder threw, as an error of the film; an {@link Error} other than a lack of memory is thrown as it is. */
    static KinemaException failed(Path film, Throwable thrown) {
        if (thrown instanceof KinemaException) {
            return new KinemaException(thrown.getMessage(), thrown);
        }
        if (thrown instanceof OutOfMemoryError) {
            return new KinemaException("decoding '" + film + "' ran out of memory (" + thrown.getMessage()
                + "): give Java more, such as KINEMA_JAVA_OPTS=-Xmx8g", thrown);
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        return new KinemaException("decoding '" + film + "' failed with a bug of Kinema's (" + thrown
            + "): report it with the film and what --verbose shows", thrown);
    }

    void recycle(Slot slot) {
        empty.add(slot);
    }

    /** Stops decoding and waits for the thread to end, at most until it has decoded the clip it is at. */
    @Override
    public void close() {
        decoder.interrupt();
        boolean interrupted = false;
        while (decoder.isAlive()) {
            try {
                decoder.join();
            } catch (InterruptedException e) {
                // it will end: the interrupt is kept for later
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        full.removeIf(slot -> slot == END);
        full.drainTo(spare);
        empty.drainTo(spare);
        full.add(END);
    }
}
