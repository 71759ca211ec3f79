package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.embed.ClipMemory.Slot;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.ClipReader;
import dev.kinema.video.Damage;
import dev.kinema.video.Footage;
import dev.kinema.video.GivenFilm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The clips of a film being decoded by a thread of its own, a few clips ahead of whoever encodes them. Made by
 * {@link MovieEncoder#open(Path)}; opening the next film's before encoding the last one's, and {@link #before} saying so, keeps the processors
 * busy in between.
 * Closing it stops the thread.
 */
public final class ClipStream implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ClipStream.class.getName());

    /** How long {@link #close} waits for a decoder that hangs, as on a disk that does not answer. */
    private static final long GRACE_MILLIS = 5_000;

    /** What {@link #next} returns where it was woken, or time is over. */
    static final Slot NOTHING = new Slot(0, 0);
    private static final Slot END = new Slot(0, 0);

    private final Path film;
    private final Optional<GivenFilm> given;
    private final ClipPlan plan;
    private final long from;
    /** That of the encoder which opened it. */
    private final ClipMemory encoders;
    private final ClipMemory.Share memory;
    private final ClipsUnderWay underWay = new ClipsUnderWay(this);
    /** Clips, wake-ups and the end. */
    private final BlockingQueue<Slot> mailbox = new LinkedBlockingQueue<>();
    private final Thread decoder;
    private volatile OptionalLong expected = OptionalLong.empty();
    private volatile Damage damage;
    private volatile Throwable failure;
    private volatile boolean stopped;
    private Optional<ClipStream> next = Optional.empty();
    private boolean begun;
    private boolean ended;

    /**
     * @param from the first clip to decode
     * @param memory for clips of the plan's size: decoded ones that wait, and those being encoded
     */
    ClipStream(Path film, ClipPlan plan, long from, ClipMemory memory) {
        this(film, Optional.empty(), plan, from, memory);
    }

    ClipStream(GivenFilm given, ClipPlan plan, ClipMemory memory) {
        this(given.film(), Optional.of(given), plan, 0, memory);
    }

    private ClipStream(Path film, Optional<GivenFilm> given, ClipPlan plan, long from, ClipMemory memory) {
        this.film = film;
        this.given = given;
        this.from = from;
        this.plan = plan;
        this.encoders = memory;
        this.memory = memory.share();
        decoder = new Thread(this::decode, "kinema-decode " + film);
        decoder.setDaemon(true);
        // where the JVM was told to mind it: see priorities in the launcher
        decoder.setPriority(Thread.MIN_PRIORITY);
        decoder.start();
    }

    private void decode() {
        try {
            if (given.isPresent()) {
                decode(given.get());
            } else {
                decode(film);
            }
        } catch (InterruptedException e) {
            // the stream was closed: there is nobody to tell
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            failure = e;
        }
        mailbox.add(END);
    }

    private void decode(Path file) throws InterruptedException {
        try (Footage video = Footage.open(file, () -> stopped); ClipReader clips = video.clips(plan)) {
            if (from > 0) {
                clips.seek(from);
            }
            video.duration().ifPresent(seconds -> expected = OptionalLong.of(plan.clipsIn(seconds)));
            deliver(clips);
            damage = video.damage();
        }
    }

    private void decode(GivenFilm frames) throws InterruptedException {
        try (ClipReader clips = frames.clips(plan)) {
            deliver(clips);
            damage = Damage.NONE;
        }
    }

    /** Memory is taken in this thread, so that too little of it is this film's failure and not its predecessor's. */
    private void deliver(ClipReader clips) throws InterruptedException {
        while (true) {
            Slot slot = memory.take();
            boolean filled = false;
            try {
                filled = clips.next(slot.pixels, 0);
            } finally {
                if (!filled) {
                    memory.give(slot);
                }
            }
            if (!filled) {
                return;
            }
            slot.index = clips.index();
            for (int i = 0; i < slot.times.length; i++) {
                slot.times[i] = clips.frameTime(i);
            }
            mailbox.add(slot);
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

    /**
     * Says which film the same encoder encodes after this one: once this one is decoded to its end, the first clips of that film are
     * computed by programs that would have nothing to do. To be called before this film is encoded. Close the streams before the encoder,
     * which computes what it was given.
     *
     * @throws IllegalArgumentException if another encoder opened {@code next}
     */
    public void before(ClipStream next) {
        if (!next.isIn(encoders)) {
            throw new IllegalArgumentException("'" + next.film + "' was opened by another encoder than '" + film + "': open it with the same");
        }
        this.next = Optional.of(next);
    }

    /** Whether its clips lie in this memory, an encoder's own. */
    boolean isIn(ClipMemory clips) {
        return encoders == clips;
    }

    Optional<ClipStream> next() {
        return next;
    }

    /** {@link System#nanoTime} of when the first of its clips went to a program, and now where none has. */
    public long begunNanos() {
        return underWay.begunNanos();
    }

    ClipsUnderWay underWay() {
        return underWay;
    }

    ClipPlan plan() {
        return plan;
    }

    /** How many clips the container's duration promises; empty until the film is open, and where it announces none. */
    public OptionalLong expectedClips() {
        return expected;
    }

    /**
     * What was wrong with the film; complete once its last clip was taken.
     *
     * @throws KinemaException if it was closed, so that clips may be missing
     */
    Damage damage() {
        if (stopped) {
            throw new KinemaException("the clips of '" + film + "' were closed before they were encoded: open the film again");
        }
        return damage;
    }

    /**
     * To be called once, before the first {@link #next}.
     *
     * @throws KinemaException if somebody encodes the clips, or has
     */
    synchronized void begin() {
        if (begun) {
            throw new KinemaException("the clips of '" + film + "' were already encoded: open the film again");
        }
        begun = true;
        memory.borrow();
    }

    /** Whether {@link #next} has returned null. */
    boolean hasEnded() {
        return ended;
    }

    /** Makes {@link #next} return. */
    void wake() {
        mailbox.add(NOTHING);
    }

    /** Gives the lanes what is decoded, of the clips that it has room for before it is encoded; nothing once that has begun. */
    synchronized void sendAhead(Lanes lanes) {
        if (begun) {
            return;
        }
        for (Slot first = mailbox.peek(); first != null && first != END; first = mailbox.peek()) {
            if (mailbox.remove(first) && first != NOTHING) {
                underWay.add(first);
            }
        }
        underWay.send(lanes);
    }

    /**
     * The next clip, to be given back by {@link #recycle}; null after the last, {@link #NOTHING} where it was woken or time was over.
     *
     * @param nanos how long to wait
     * @throws FilmException what the decoder found wrong with the film
     * @throws KinemaException what else the decoder threw, running out of memory and bugs included
     * @throws InterruptedException if this thread is interrupted while it waits
     */
    Slot next(long nanos) throws InterruptedException {
        Slot slot = mailbox.poll(nanos, TimeUnit.NANOSECONDS);
        if (slot == null) {
            return NOTHING;
        }
        if (slot != END) {
            return slot;
        }
        ended = true;
        if (failure != null && !stopped) {
            throw failed(film, failure);
        }
        return null;
    }

    /** What the decoder threw, as an error of the call; an {@link Error} other than a lack of memory is thrown as it is. */
    static KinemaException failed(Path film, Throwable thrown) {
        if (thrown instanceof KinemaException e) {
            // with a cause it is the disk, FFmpeg that is not there, or a lack of memory or of open files
            return e.getCause() == null ? new FilmException(e) : new KinemaException(e.getMessage(), e);
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
        memory.give(slot);
    }

    /** Stops decoding and waits for the thread to end: it looks after each frame. One that hangs in a read is left alone, to end after it. */
    @Override
    public void close() {
        stopped = true;
        memory.close();
        decoder.interrupt();
        long begin = System.nanoTime();
        boolean interrupted = false;
        long left = GRACE_MILLIS;
        while (decoder.isAlive() && left > 0) {
            try {
                decoder.join(left);
            } catch (InterruptedException e) {
                // it will end: the interrupt is kept for later
                interrupted = true;
            }
            left = GRACE_MILLIS - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (decoder.isAlive()) {
            LOG.log(System.Logger.Level.WARNING, "the decoder of ''{0}'' hangs and is left alone: look at the disk that the film is on",
                film);
        }
        underWay.drop();
        // looked through once it is out of the mailbox, to which others may be adding wake-ups
        List<Slot> undelivered = new ArrayList<>();
        mailbox.drainTo(undelivered);
        undelivered.stream().filter(slot -> slot != END && slot != NOTHING).forEach(memory::give);
        mailbox.add(END);
    }
}
