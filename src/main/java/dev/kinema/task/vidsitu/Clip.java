package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Ten seconds of a film, in five events of two. Its id is {@code v_VIDEO_seg_START_END}.
 *
 * @param id its name in all files
 * @param video the film's name on YouTube, which may itself contain {@code _seg_}
 * @param start second of the film at which it begins
 * @param end second at which it ends
 */
public record Clip(String id, String video, int start, int end) {
    /** Events of a clip. */
    public static final int EVENTS = 5;
    /** Length of an event in seconds. */
    public static final int EVENT_SECONDS = 2;
    /** Length of a clip in seconds. */
    public static final int SECONDS = EVENTS * EVENT_SECONDS;
    /** Frames per second of the frames that a clip is cut into. */
    public static final int FRAME_RATE = 30;
    /** Frames of a clip. */
    public static final int FRAMES = SECONDS * FRAME_RATE;

    /** Greedy: of several {@code _seg_} the last one counts. What a film's name may hold keeps ids fit for file names. */
    private static final Pattern ID = Pattern.compile("v_([A-Za-z0-9_-]{1,64})_seg_([0-9]{1,8})_([0-9]{1,8})");

    /**
     * Takes an id apart.
     *
     * @throws KinemaException if it is no clip's id
     */
    public static Clip parse(String id) {
        return find(id).orElseThrow(() -> new KinemaException(Quoted.of(id) + " " + NO_ID));
    }

    static final String NO_ID = "is no clip's id: it must be v_VIDEO_seg_START_END, with END 10 seconds after START";

    /** Takes an id apart; empty where it is none. */
    static Optional<Clip> find(String id) {
        Matcher parts = ID.matcher(id);
        if (!parts.matches()) {
            return Optional.empty();
        }
        int start = Integer.parseInt(parts.group(2));
        int end = Integer.parseInt(parts.group(3));
        return end - start == SECONDS ? Optional.of(new Clip(id, parts.group(1), start, end)) : Optional.empty();
    }

    /** The clip of a film that begins at a second of it. */
    static Clip of(String video, int start) {
        return parse("v_" + video + "_seg_" + start + "_" + (start + SECONDS));
    }

    @Override
    public String toString() {
        return id;
    }
}
