package dev.kinema.run;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The steps of a run from one start to its end, an interrupt, or a number that is not finite. */
final class Session {
    /** Weight of the newest step in the mean duration of a step. */
    private static final double NEWEST = 0.1;

    private final Training training;
    private final StepLog log;
    private final EventFile events;
    private final Checkpoints checkpoints;
    private final LoopSettings settings;
    private final Progress progress;
    private final long begun = System.nanoTime();
    private final double secondsBefore;
    private final long first;

    private Optional<Path> checkpoint;
    /** Steps done at the last checkpoint; -1 where there is none. */
    private long saved;
    private double savedAt;
    private double meanStep;

    /** @param checkpoint that {@code start} is from; empty at the run's very beginning */
    Session(Training training, RunState start, Optional<Path> checkpoint, StepLog log, EventFile events, Checkpoints checkpoints,
            LoopSettings settings, Progress progress) {
        this.training = training;
        this.log = log;
        this.events = events;
        this.checkpoints = checkpoints;
        this.settings = settings;
        this.progress = progress;
        this.checkpoint = checkpoint;
        secondsBefore = start.seconds();
        savedAt = start.seconds();
        first = start.step();
        saved = checkpoint.isPresent() ? start.step() : -1;
    }

    /** The last one that was written or gone on from. */
    Optional<Path> checkpoint() {
        return checkpoint;
    }

    /** Spent on the run so far, over all its starts. */
    double seconds() {
        return secondsBefore + (System.nanoTime() - begun) / 1e9;
    }

    /** @return what ended it before its time: a number that is not finite */
    Optional<NonFinite> run() {
        long steps = training.steps();
        for (long step = first; step < steps; step++) {
            if (Thread.currentThread().isInterrupted()) {
                Optional<NonFinite> unsaved = save(step);
                if (unsaved.isPresent()) {
                    return unsaved;
                }
                throw new KinemaException("interrupted after " + step + " of " + steps + " steps, " + checkpointInWords()
                    + ": give the same command again to go on");
            }
            double before = seconds();
            Optional<NonFinite> found = step(step);
            if (found.isEmpty() && settings.isDue(step + 1, seconds() - savedAt)) {
                found = save(step + 1);
            }
            if (found.isPresent()) {
                return found;
            }
            meanStep = step == first ? seconds() - before : (1 - NEWEST) * meanStep + NEWEST * (seconds() - before);
        }
        return save(steps);
    }

    private String checkpointInWords() {
        return checkpoint.map(path -> "the last checkpoint is " + path).orElse("there is no checkpoint yet");
    }

    /** Performs a step, logs it and shows it. */
    private Optional<NonFinite> step(long step) {
        double before = seconds();
        Metrics metrics = perform(step);
        double after = seconds();
        Optional<NonFinite> found = metrics.nonFinite(step);
        boolean last = step + 1 == training.steps();
        if (step % settings.logSteps() == 0 || last || found.isPresent()) {
            log.write(step, metrics, after, after - before);
            Map<String, Double> shown = new LinkedHashMap<>(metrics.values());
            shown.put("step_seconds", after - before);
            events.write(step, shown);
        }
        double pace = step == first ? after - before : meanStep;
        progress.step(step + 1, training.steps(), metrics, 1 / pace, pace * (training.steps() - step - 1));
        return found;
    }

    private Metrics perform(long step) {
        try {
            return training.step(step);
        } catch (KinemaException e) {
            if (Thread.currentThread().isInterrupted() && training.isBetweenSteps()) {
                save(step);
            }
            throw new KinemaException("step " + step + " of " + training.steps() + ": " + e.getMessage()
                + " (" + checkpointInWords() + ")", e);
        }
    }

    /** Saves the state after {@code done} steps unless that is on disk, also in a thread that is being interrupted. */
    private Optional<NonFinite> save(long done) {
        if (saved == done) {
            return Optional.empty();
        }
        log.force();
        // a file channel closes itself in a thread whose interrupt is pending
        boolean interrupted = Thread.interrupted();
        try {
            checkpoint = Optional.of(write(done));
        } catch (NonFiniteVariable e) {
            return Optional.of(e.after(done - 1));
        } catch (KinemaException e) {
            if (interrupted || !Thread.interrupted()) {
                throw e;
            }
            // the interrupt came while it was written: once more, in peace
            interrupted = true;
            checkpoint = Optional.of(write(done));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        saved = done;
        savedAt = seconds();
        return Optional.empty();
    }

    private Path write(long done) {
        return checkpoints.save(training, new RunState(done, seconds(), log.bytes(), training.position()));
    }
}
