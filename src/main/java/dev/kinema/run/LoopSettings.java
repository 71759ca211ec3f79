package dev.kinema.run;

import dev.kinema.KinemaException;

/**
 * When a run is saved and logged. It is always saved when it ends or is interrupted.
 *
 * @param checkpointSteps saved whenever this many steps are done; 0 for not by steps
 * @param checkpointMinutes saved whenever this much time has passed since the last checkpoint; 0 for not by time
 * @param keep how many of the latest checkpoints stay on disk
 * @param logSteps steps whose number is a multiple of this are logged, and the last one
 */
public record LoopSettings(long checkpointSteps, double checkpointMinutes, int keep, long logSteps) {
    public LoopSettings {
        require(checkpointSteps >= 0, "steps between checkpoints", checkpointSteps, "0 (not by steps) or more");
        require(checkpointMinutes >= 0 && checkpointMinutes < Double.POSITIVE_INFINITY, "minutes between checkpoints",
            checkpointMinutes, "0 (not by time) or more");
        require(keep >= 1, "number of checkpoints kept", keep, "1 or more");
        require(logSteps >= 1, "steps between log lines", logSteps, "1 or more");
    }

    private static void require(boolean holds, String what, Object value, String rule) {
        if (!holds) {
            throw new KinemaException("the " + what + " is " + value + ": it must be " + rule);
        }
    }

    /** Whether a checkpoint is due with {@code done} steps done, {@code seconds} after the last one. */
    boolean isDue(long done, double seconds) {
        return checkpointSteps > 0 && done % checkpointSteps == 0 || checkpointMinutes > 0 && seconds >= 60 * checkpointMinutes;
    }
}
