package dev.kinema.run;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finds where a number stopped being finite: does the steps since the last checkpoint again, with programs that look at every node's
 * outputs, which would be too slow for a whole run.
 */
final class Diagnosis {
    private final TrainingLoop.Opener opener;
    private final NonFinite found;
    private final long steps;
    private final Optional<Path> lastGood;
    private final Progress progress;

    Diagnosis(TrainingLoop.Opener opener, NonFinite found, long steps, Optional<Path> lastGood, Progress progress) {
        this.opener = opener;
        this.found = found;
        this.steps = steps;
        this.lastGood = lastGood;
        this.progress = progress;
    }

    /** What is wrong, where, and what to do about it. */
    KinemaException failure() {
        String what = found.what() + " is " + found.value() + " after step " + found.step() + " of " + steps;
        String good = lastGood.map(path -> "the last good checkpoint is " + path).orElse("there is no checkpoint yet");
        progress.note(what + "; the steps since the last checkpoint are done again with checks, to find the node");
        if (Thread.currentThread().isInterrupted()) {
            return new KinemaException(what + "; interrupted before the node was found; " + good);
        }
        long step = -1;
        try (Training training = opener.open(true)) {
            step = lastGood.map(path -> Checkpoints.restore(path, training).step()).orElse(0L);
            while (true) {
                Metrics metrics = training.step(step);
                if (step == found.step()) {
                    return new KinemaException(what + "; " + without(metrics) + "; " + good);
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new KinemaException("interrupted before the node was found");
                }
                step++;
            }
        } catch (KinemaException e) {
            String place = step < 0 ? "the replay could not begin: " : "with checks, step " + step + " ends with: ";
            return new KinemaException(what + "; " + place + e.getMessage() + "; " + good
                + ": use a lower learning rate or a longer warm-up, or look at what the film list gives at that step", e);
        }
    }

    /** No node threw in the replay. */
    private String without(Metrics metrics) {
        Optional<NonFinite> again = metrics.nonFinite(found.step());
        if (again.isPresent()) {
            return "done again with checks, " + again.get().what() + " is " + again.get().value() + " again, though every node's output is "
                + "finite: what is computed from the outputs is at fault, report it";
        }
        return "done again with checks, every node's output is finite and the loss is " + metrics.loss() + ": the numbers did not come out "
            + "the same, so the memory or the device may be faulty; give the same command again to go on, and test the machine if it "
            + "happens again";
    }
}
