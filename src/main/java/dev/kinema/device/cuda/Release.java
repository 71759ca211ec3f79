package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;

/** Gives back several things, all of them even where one fails, as all do after a fault of a kernel; the first failure is told at the end. */
final class Release {
    private KinemaException first;

    /** What the call that gives something back has returned. */
    void of(int status) {
        if (status != Kinema.KN_OK && first == null) {
            first = CudaLibrary.failure();
        }
    }

    /** What gives something back, and throws where it cannot. */
    void of(Runnable giveBack) {
        try {
            giveBack.run();
        } catch (KinemaException e) {
            first = first == null ? e : first;
        }
    }

    /** @throws KinemaException the first failure, if there was one */
    void finish() {
        if (first != null) {
            throw first;
        }
    }
}
