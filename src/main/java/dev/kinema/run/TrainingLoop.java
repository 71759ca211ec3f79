package dev.kinema.run;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Runs a training from its newest checkpoint, or from its first step, to its last. Stopped in whatever way and run again, it makes the same
 * weights and the same log as if it had never been stopped.
 */
public final class TrainingLoop {
    private final Opener opener;
    private final RunFolder folder;
    private final LoopSettings settings;
    private final Progress progress;
    private final Checkpoints checkpoints;

    private TrainingLoop(Opener opener, RunFolder folder, LoopSettings settings, Progress progress) {
        this.opener = opener;
        this.folder = folder;
        this.settings = settings;
        this.progress = progress;
        this.checkpoints = new Checkpoints(folder.checkpoints(), settings.keep());
    }

    /** Makes a training as it is before its first step. */
    @FunctionalInterface
    public interface Opener {
        /**
         * @param checkFinite whether the first node of a program that computes something not finite is to throw a {@link KinemaException}
         *     that names it: slow, to find where a run broke. Everything else is the same to the bit
         */
        Training open(boolean checkFinite);
    }

    /**
     * What a run came to.
     *
     * @param resumedFrom steps that were done before this start
     * @param checkpoint of the run's end, see {@link Checkpoints}
     * @param seconds the run took, over all its starts
     */
    public record Outcome(long steps, long resumedFrom, Path checkpoint, double seconds) {}

    /**
     * Runs to the end.
     *
     * <p>An interrupt of the thread ends it after the current step, with a checkpoint. One that makes the step itself fail ends it without:
     * the weights may be those of half a step.
     *
     * @throws KinemaException with the thread's interrupt flag set if it was interrupted; else if a step fails, if the loss, the norm of
     *     the gradient or a variable is not finite (after a replay that finds the node), or if the disk refuses
     */
    public static Outcome run(Opener opener, RunFolder folder, LoopSettings settings, Progress progress) {
        return new TrainingLoop(opener, folder, settings, progress).run();
    }

    private Outcome run() {
        NonFinite found;
        Optional<Path> lastGood;
        long steps;
        try (Training training = opener.open(false)) {
            steps = training.steps();
            Optional<Path> newest = checkpoints.newest(progress::note);
            RunState start = newest.map(path -> resume(path, training)).orElse(RunState.START);
            try (StepLog log = StepLog.open(folder.log(), start.logBytes(), progress::note);
                    EventFile events = EventFile.create(folder.events(), start.step())) {
                Session session = new Session(training, start, newest, log, events, checkpoints, settings, progress);
                Optional<NonFinite> broken = session.run();
                lastGood = session.checkpoint();
                if (broken.isEmpty()) {
                    return new Outcome(steps, start.step(), lastGood.orElseThrow(), session.seconds());
                }
                found = broken.get();
            }
        }
        // the training is closed by now: another one may need its memory
        throw new Diagnosis(opener, found, steps, lastGood, progress).failure();
    }

    private RunState resume(Path path, Training training) {
        RunState state = Checkpoints.restore(path, training);
        if (state.step() > training.steps()) {
            throw new KinemaException(path + ": is the state after " + state.step() + " steps, and the run has only " + training.steps()
                + ": give it more, or choose another run folder");
        }
        progress.note("goes on from " + path + " after " + state.step() + " of " + training.steps() + " steps");
        return state;
    }
}
