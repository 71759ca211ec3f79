package dev.kinema.video;

import java.util.OptionalDouble;

/** Counts of what went wrong while a film was read, over all the decoders that read it. */
final class DamageCount {
    /** How much earlier than the container says a video may end when only the longest stream's duration is known. */
    private static final double FOREIGN_DURATION_SLACK = 1;

    long frames;
    long damagedFrames;
    long lostPackets;
    long disorderedFrames;
    long clockJumps;
    String readError = "";
    private long missingFrames;
    private double missingSeconds;

    /** Compares the film's end with what the container announced; {@code sequentialFrames} is -1 where not all were read. */
    void atEnd(Container container, double end, double step, long sequentialFrames) {
        long announced = container.stream().nb_frames();
        if (announced > 0 && sequentialFrames >= 0) {
            missingFrames = Math.max(0, announced - sequentialFrames);
        }
        OptionalDouble duration = container.duration();
        double slack = container.videoDuration().isPresent() ? 2 * step : FOREIGN_DURATION_SLACK;
        missingSeconds = duration.isPresent() && duration.getAsDouble() - end > slack ? duration.getAsDouble() - end : 0;
    }

    /** Whether nothing was wrong with what has been read so far. */
    boolean isNone() {
        return damagedFrames == 0 && lostPackets == 0 && disorderedFrames == 0 && clockJumps == 0;
    }

    Damage snapshot() {
        return new Damage(damagedFrames, lostPackets, missingFrames, missingSeconds, disorderedFrames, clockJumps,
                readError);
    }
}
