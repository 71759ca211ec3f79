package dev.kinema.data;

import java.nio.file.Path;

/**
 * A film of a list.
 *
 * @param id unique name: the path as written in the list
 * @param path the file
 * @param label class number, or {@link #NO_LABEL}
 */
public record Film(String id, Path path, int label) {
    /** The label of a film that has none. */
    public static final int NO_LABEL = -1;

    /** Whether it has a label. */
    public boolean isLabelled() {
        return label != NO_LABEL;
    }
}
