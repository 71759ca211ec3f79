package dev.kinema.data;

import java.nio.file.Path;

/**
 * How a csv list of films is written.
 *
 * @param separator between the fields of a line
 * @param prefix folder that the list's paths start from
 */
public record ListFormat(String separator, Path prefix) {
    /** A space between fields, and paths from the current folder. */
    public static final ListFormat DEFAULT = new ListFormat(" ", Path.of(""));
}
