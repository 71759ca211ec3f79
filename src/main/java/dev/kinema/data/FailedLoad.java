package dev.kinema.data;

import dev.kinema.KinemaException;

/** What to throw where loading a film failed for another reason than that it cannot be decoded. */
final class FailedLoad {
    static final String MORE_MEMORY = "give Java more, such as KINEMA_JAVA_OPTS=-Xmx8g";

    private FailedLoad() {
    }

    /**
     * Says which film it was.
     *
     * @throws Error where {@code thrown} is one, but for a lack of memory
     */
    static RuntimeException of(Film film, Throwable thrown) {
        if (thrown instanceof OutOfMemoryError) {
            return new KinemaException("loading the film '" + film.path() + "' ran out of memory (" + thrown.getMessage() + "): "
                + MORE_MEMORY + ", or use fewer threads", thrown);
        }
        if (thrown instanceof KinemaException) {
            return new KinemaException("the clips of '" + film.path() + "' cannot be transformed: " + thrown.getMessage(), thrown);
        }
        String what = "loading the film '" + film.path() + "' failed with a bug of Kinema's (" + thrown + "): report it with the film";
        if (thrown instanceof Error) {
            throw new Error(what, thrown);
        }
        return new IllegalStateException(what, thrown);
    }
}
