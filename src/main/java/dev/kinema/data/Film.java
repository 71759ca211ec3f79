package dev.kinema.data;

import java.nio.file.Path;

/**
 * A film of a list.
 *
 * @param id the film's unique name: its path as the list writes it, or relative to the folder it was found in, with slashes
 * @param path where the file is, or the folder of its frames ({@link dev.kinema.video.FrameFolder})
 * @param label number of its class, {@link #NO_LABEL} where it has none
 */
public record Film(String id, Path path, int label) {
    /** The label of a film that has none. */
    public static final int NO_LABEL = -1;

    /** Checks the label. */
    public Film {
        if (id.isEmpty() || label < NO_LABEL) {
            throw new IllegalArgumentException("a film with the id '" + id + "' and the label " + label
                + ": it needs a name, and a label of 0 or more or NO_LABEL");
        }
    }

    /** Whether it has a label. */
    public boolean isLabelled() {
        return label != NO_LABEL;
    }
}
