package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A film made up by arithmetic in which someone does something with something somewhere: an {@link EventFilm} whose pictures also show, in
 * each event, an actor (a disc of the actor's colour, at the left), a thing (a white shape, in the middle), a partner (the disc of another
 * actor, at the right) and a place (bands of the place's colour above and below). What is done is the class of the texture and its motion.
 * All of it can be learned from the pixels, and all else is drawn anew for every event. The same seed gives the same pixels everywhere.
 */
public final class SituationFilm implements DrawnFilm {
    /** How many actors there are to tell apart. */
    public static final int ACTORS = 6;
    /** How many things there are. */
    public static final int THINGS = 6;
    /** How many places there are. */
    public static final int PLACES = 5;
    /** For a thing or partner that is not there. */
    public static final int NONE = -1;

    /** As {@link EventFilm}'s: small shapes need their bits. */
    private static final Encoding ENCODING = Encoding.standard().withRate(2, 10);
    private static final double TAU = 2 * Math.PI;
    /** Red, blue, green, yellow, white, black. */
    private static final int[] ACTOR_COLOURS = {0xE62828, 0x3250E6, 0x28BE46, 0xF0DC3C, 0xF5F5F5, 0x0F0F0F};
    private static final int[] PLACE_COLOURS = {0xBE3232, 0x3CA03C, 0x3246BE, 0xBEAA32, 0x963CAA};
    /** Height of a band, and size of what is between them, in heights of the picture. */
    private static final double BAND = 1 / 7.0;
    private static final double RADIUS = 0.15;

    /**
     * What an event shows.
     *
     * @param action class of the texture and its motion, as in {@link EventFilm}
     * @param actor from 0 to {@link #ACTORS} - 1
     * @param thing from 0 to {@link #THINGS} - 1, or {@link #NONE}
     * @param partner from 0 to {@link #ACTORS} - 1, or {@link #NONE}
     * @param place from 0 to {@link #PLACES} - 1
     */
    public record Moment(int action, int actor, int thing, int partner, int place) {
        /** Checks the numbers. */
        public Moment {
            EventFilm.title(action);
            if (actor < 0 || actor >= ACTORS || thing < NONE || thing >= THINGS || partner < NONE || partner >= ACTORS || place < 0
                    || place >= PLACES) {
                throw new IllegalArgumentException("an event of actor " + actor + ", thing " + thing + ", partner " + partner + ", place "
                        + place + ": there are " + ACTORS + " actors, " + THINGS + " things and " + PLACES + " places, counted from 0");
            }
        }
    }

    private final EventFilm ground;
    private final List<Moment> moments;
    /** Phases of the ways of actor, thing and partner, by event. */
    private final double[][] phases;

    private SituationFilm(EventFilm ground, List<Moment> moments, SplittableRandom random) {
        this.ground = ground;
        this.moments = List.copyOf(moments);
        phases = new double[moments.size()][3];
        for (double[] phase : phases) {
            for (int i = 0; i < phase.length; i++) {
                phase[i] = random.nextDouble();
            }
        }
    }

    /** A film of these events, in this order. */
    public static SituationFilm of(long seed, List<Moment> moments, EventFilm.Format format) {
        List<Integer> labels = new ArrayList<>();
        moments.forEach(moment -> labels.add(moment.action()));
        return new SituationFilm(EventFilm.of(seed, labels, format), moments, new SplittableRandom(seed).split());
    }

    /** What the events show, in their order. */
    public List<Moment> moments() {
        return moments;
    }

    @Override
    public int width() {
        return ground.width();
    }

    @Override
    public int height() {
        return ground.height();
    }

    @Override
    public double frameRate() {
        return ground.frameRate();
    }

    @Override
    public int frames() {
        return ground.frames();
    }

    @Override
    public void render(int frame, ByteBuffer rgb, int offset) {
        ground.render(frame, rgb, offset);
        int event = (int) Math.min(moments.size() - 1,
                Math.floor((frame + 0.5) / (frameRate() * ground.format().eventSeconds()) + 1e-9));
        Moment moment = moments.get(event);
        double time = frame / frameRate();
        double[] way = new double[3];
        for (int i = 0; i < 3; i++) {
            way[i] = 0.12 * StrictMath.sin(TAU * (0.4 * time + phases[event][i]));
        }
        for (int y = 0; y < height(); y++) {
            double v = (y + 0.5) / height();
            for (int x = 0; x < width(); x++) {
                int colour = colour(moment, (x + 0.5) / width(), v, way);
                if (colour >= 0) {
                    int at = offset + (y * width() + x) * 3;
                    rgb.put(at, (byte) (colour >> 16)).put(at + 1, (byte) (colour >> 8)).put(at + 2, (byte) colour);
                }
            }
        }
    }

    /** What lies over the texture at (u, v), both from 0 to 1, as RGB; below 0 where nothing does. */
    private int colour(Moment moment, double u, double v, double[] way) {
        if (v < BAND || v > 1 - BAND) {
            return PLACE_COLOURS[moment.place()];
        }
        double aspect = (double) width() / height();
        double y = v - 0.5;
        int actor = disc(ACTOR_COLOURS[moment.actor()], (u - 0.2) * aspect, y - way[0]);
        if (actor >= 0) {
            return actor;
        }
        if (moment.partner() != NONE) {
            int partner = disc(ACTOR_COLOURS[moment.partner()], (u - 0.82) * aspect, y - way[2]);
            if (partner >= 0) {
                return partner;
            }
        }
        return moment.thing() != NONE && inside(moment.thing(), (u - 0.52) * aspect / RADIUS, (y - way[1]) / RADIUS) ? 0xFFFFFF : -1;
    }

    /** A disc with a grey rim, which sets it off from any texture. */
    private static int disc(int colour, double x, double y) {
        double squared = (x * x + y * y) / (RADIUS * RADIUS);
        return squared < 0.75 ? colour : squared < 1.1 ? 0x808080 : -1;
    }

    /** Whether a point is in a thing that reaches from -1 to 1: box, ring, triangle, cross, diamond, bar. */
    private static boolean inside(int thing, double x, double y) {
        double across = Math.abs(x);
        double up = Math.abs(y);
        if (across > 1 || up > 1) {
            return false;
        }
        return switch (thing) {
            case 0 -> across < 0.85 && up < 0.85;
            case 1 -> x * x + y * y < 1 && x * x + y * y > 0.3;
            case 2 -> across < (y + 1) / 2;
            case 3 -> across < 0.25 || up < 0.25;
            case 4 -> across + up < 0.9;
            default -> up < 0.3;
        };
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
