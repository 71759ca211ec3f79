package dev.kinema.run;

import dev.kinema.KinemaException;
import java.util.function.Supplier;

/** Work in the middle of a step that must be whole before the step can be saved. */
public final class Uninterrupted {
    private Uninterrupted() {
    }

    /**
     * Does work that changes nothing but its result; where an interrupt of this thread ends it, it is done once more, and the thread is
     * interrupted afterwards.
     */
    public static <T> T run(Supplier<T> work) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return work.get();
                } catch (KinemaException e) {
                    if (!Thread.interrupted()) {
                        throw e;
                    }
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
