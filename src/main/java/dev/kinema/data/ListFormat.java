package dev.kinema.data;

import dev.kinema.KinemaException;
import java.nio.file.Path;

/**
 * How a list of films is written, as PySlowFast's {@code DATA.PATH_LABEL_SEPARATOR} and {@code DATA.PATH_PREFIX} say it.
 *
 * @param separator what stands between the fields of a line
 * @param prefix folder that relative paths start from; the empty path for the working directory
 */
public record ListFormat(String separator, Path prefix) {
    /** Checks the separator. */
    public ListFormat {
        if (separator.isEmpty() || separator.contains("\n") || separator.contains("\r")) {
            throw new KinemaException("the separator of a film list is empty or a line end: use a blank, a comma or a tab");
        }
    }

    /** PySlowFast's defaults: one blank, no prefix. */
    public static ListFormat standard() {
        return new ListFormat(" ", Path.of(""));
    }
}
