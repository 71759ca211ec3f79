package dev.kinema.video;

import java.util.ArrayList;
import java.util.List;

/**
 * What was wrong with a film, as far as it has been read. Frames that nobody asked for and that were left out are not looked into.
 *
 * @param damagedFrames frames that were delivered although the decoder met errors in them and had to guess pixels
 * @param lostPackets compressed pictures that could not be decoded at all
 * @param missingFrames frames that the container announces, but that never came (known at the end of the film only)
 * @param missingSeconds seconds between the last frame and the end that the container announces, 0 where they agree;
 *     a container that announces only its longest stream is trusted to a second
 * @param disorderedFrames frames whose time was not after the time of the frame before
 * @param clockJumps times by which the film's clock ran on by more than a minute between two frames, or started more than
 *     a minute off; the gaps are closed
 * @param readError why reading stopped before the end of the file, or the empty string
 */
public record Damage(long damagedFrames, long lostPackets, long missingFrames, double missingSeconds,
        long disorderedFrames, long clockJumps, String readError) {

    /** Nothing was wrong. */
    public static final Damage NONE = new Damage(0, 0, 0, 0, 0, 0, "");

    /** Whether nothing was wrong. */
    public boolean isNone() {
        return damagedFrames == 0 && lostPackets == 0 && missingFrames == 0 && missingSeconds == 0
                && disorderedFrames == 0 && clockJumps == 0 && readError.isEmpty();
    }

    /** One line for a person, such as {@code 60 frames missing, 2 frames damaged}; {@code none} where nothing was wrong. */
    public String describe() {
        List<String> parts = new ArrayList<>();
        add(parts, missingFrames, "missing");
        if (missingSeconds > 0) {
            parts.add(String.format(java.util.Locale.ROOT, "the last %.2f s missing", missingSeconds));
        }
        add(parts, damagedFrames, "damaged");
        if (lostPackets > 0) {
            parts.add(lostPackets + (lostPackets == 1 ? " packet" : " packets") + " undecodable");
        }
        add(parts, disorderedFrames, "out of order in time");
        if (clockJumps > 0) {
            parts.add(clockJumps + (clockJumps == 1 ? " jump" : " jumps") + " of the clock by over a minute");
        }
        if (!readError.isEmpty()) {
            parts.add("reading stopped early (" + readError + ")");
        }
        return parts.isEmpty() ? "none" : String.join(", ", parts);
    }

    private static void add(List<String> parts, long frames, String what) {
        if (frames > 0) {
            parts.add(frames + (frames == 1 ? " frame " : " frames ") + what);
        }
    }
}
