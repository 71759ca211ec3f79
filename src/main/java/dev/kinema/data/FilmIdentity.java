package dev.kinema.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Optional;

/**
 * What tells that a film is still the same file.
 *
 * @param bytes its size
 * @param modified when it was last changed
 */
public record FilmIdentity(long bytes, Instant modified) {
    /** Of a file as it is now; empty where it is missing or out of reach, which opening it will say. */
    public static Optional<FilmIdentity> of(Path film) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(film, BasicFileAttributes.class);
            return Optional.of(new FilmIdentity(attributes.size(), attributes.lastModifiedTime().toInstant()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
