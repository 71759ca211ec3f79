package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A film made up by arithmetic to learn from: a row of events, each of a class. A class is a form of texture and its motion. Colours,
 * contrast and which of the two is the brighter, brightness, a wandering light, phase, frequency, slant, speed, direction and the camera's
 * way are drawn anew for every event. So networks with random weights mostly see colour and brightness, and training that is blind to these
 * finds the classes. The same seed gives the same pixels on every machine.
 */
public final class EventFilm implements DrawnFilm {
    /** Seconds that an event lasts unless said otherwise. */
    public static final double DEFAULT_SECONDS = 2;
    /** How many classes there are unless said otherwise. */
    public static final int DEFAULT_CLASSES = 8;
    /** How many classes there can be. */
    public static final int MOST_CLASSES = Texture.values().length;

    /** More bits than usual: in small pictures a stripe is a few pixels wide, and standard encoding blurs it. */
    private static final Encoding ENCODING = Encoding.standard().withRate(2, 10);

    /**
     * A stretch of film that shows one thing.
     *
     * @param label its class, counted from 0
     * @param start seconds at which it starts
     * @param end seconds at which the next one starts
     */
    public record Event(int label, double start, double end) {
        /** Its class in words, such as "checks, sliding". */
        public String title() {
            return EventFilm.title(label);
        }
    }

    /**
     * The measures of a film.
     *
     * @param width of the pictures in pixels, 16 or more
     * @param height of the pictures in pixels, 16 or more
     * @param frameRate frames per second
     * @param eventSeconds how long an event lasts
     */
    public record Format(int width, int height, double frameRate, double eventSeconds) {
        /** 64x48 at 10 frames per second, events of 2 s: small, and each stripe still some pixels wide. */
        public static final Format SMALL = new Format(64, 48, 10, DEFAULT_SECONDS);

        /** Checks the numbers. */
        public Format {
            if (width < 16 || height < 16 || !(frameRate > 0) || !(eventSeconds * frameRate >= 1) || Double.isInfinite(eventSeconds)
                    || Double.isInfinite(frameRate)) {
                throw new IllegalArgumentException("a film of " + width + "x" + height + " at " + frameRate + " frames per second with events"
                        + " of " + eventSeconds + " s: sides must be 16 or more, the rate above 0, and each event must have a frame");
            }
        }

        /** The same with longer or shorter events. */
        public Format withEventSeconds(double seconds) {
            return new Format(width, height, frameRate, seconds);
        }
    }

    private final Format format;
    private final List<Event> events;
    private final long[] seeds;
    private EventScene scene;
    private int shown = -1;

    private EventFilm(SplittableRandom random, List<Integer> labels, Format format) {
        if (labels.isEmpty()) {
            throw new IllegalArgumentException("a film without events: give at least one");
        }
        this.format = format;
        List<Event> row = new ArrayList<>();
        seeds = new long[labels.size()];
        for (int i = 0; i < seeds.length; i++) {
            title(labels.get(i));
            row.add(new Event(labels.get(i), i * format.eventSeconds, (i + 1) * format.eventSeconds));
            seeds[i] = random.nextLong();
        }
        events = List.copyOf(row);
    }

    /** A film of events of these classes, in this order. */
    public static EventFilm of(long seed, List<Integer> labels, Format format) {
        return new EventFilm(new SplittableRandom(seed), labels, format);
    }

    /** A film of one event. */
    public static EventFilm single(long seed, int label, Format format) {
        return of(seed, List.of(label), format);
    }

    /** A film of {@code events} events in an order drawn from a grammar. */
    public static EventFilm of(long seed, EventGrammar grammar, int events, Format format) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Integer> labels = grammar.draw(random.split(), events);
        return new EventFilm(random, labels, format);
    }

    /** Class {@code label} in words, such as "checks, sliding". */
    public static String title(int label) {
        if (label < 0 || label >= MOST_CLASSES) {
            throw new IllegalArgumentException("class " + label + ": classes are counted from 0 to " + (MOST_CLASSES - 1));
        }
        return Texture.values()[label].title();
    }

    static void checkClasses(int classes) {
        if (classes < 2 || classes > MOST_CLASSES) {
            throw new IllegalArgumentException(classes + " classes of events: there can be 2 to " + MOST_CLASSES);
        }
    }

    /** Size of the pictures, frame rate and length of events. */
    public Format format() {
        return format;
    }

    @Override
    public int width() {
        return format.width;
    }

    @Override
    public int height() {
        return format.height;
    }

    @Override
    public double frameRate() {
        return format.frameRate;
    }

    /** The events in their order; each starts where the one before ends. */
    public List<Event> events() {
        return events;
    }

    /** Length of the film in seconds. */
    public double duration() {
        return events.get(events.size() - 1).end();
    }

    @Override
    public int frames() {
        return (int) Math.round(duration() * format.frameRate);
    }

    /**
     * Draws frame {@code frame} as u8 RGB [height, width, 3] at {@code offset} of {@code rgb}. Frames of one event are drawn the faster for
     * coming one after another.
     */
    @Override
    public synchronized void render(int frame, ByteBuffer rgb, int offset) {
        // an event starts on the frame nearest to it, of two as near on the earlier: the last term keeps rounding out of that
        double event = Math.floor((frame + 0.5) / (format.frameRate * format.eventSeconds) + 1e-9);
        show((int) Math.min(events.size() - 1, event));
        scene.render(frame / format.frameRate - events.get(shown).start(), rgb, offset);
    }

    private void show(int event) {
        if (event != shown) {
            Texture texture = Texture.values()[events.get(event).label()];
            scene = new EventScene(texture, new SplittableRandom(seeds[event]), format.width, format.height);
            shown = event;
        }
    }

    /**
     * Writes the whole film; the file's ending decides the encoding (see {@link VideoWriter#create}).
     *
     * @throws KinemaException where the thread is interrupted, of which it stays marked; nothing is left behind then
     */
    public void write(Path file) {
        write(file, ENCODING);
    }
}
