package dev.kinema.data;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Optional;

/**
 * What tells that a film is still the same file, or the same folder of frames.
 *
 * @param bytes its size; of a folder that of all its files
 * @param modified when it was last changed; of a folder when it or one of its files was, so that a file more or less tells
 */
public record FilmIdentity(long bytes, Instant modified) {
    /** Of a film as it is now; empty where it is missing or out of reach, which opening it will say. */
    public static Optional<FilmIdentity> of(Path film) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(film, BasicFileAttributes.class);
            FilmIdentity file = new FilmIdentity(attributes.size(), attributes.lastModifiedTime().toInstant());
            return Optional.of(attributes.isDirectory() ? ofFolder(film, file.modified) : file);
        } catch (IOException | DirectoryIteratorException e) {
            return Optional.empty();
        }
    }

    private static FilmIdentity ofFolder(Path folder, Instant changed) throws IOException {
        long bytes = 0;
        Instant newest = changed;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                Instant modified = attributes.lastModifiedTime().toInstant();
                bytes += attributes.isRegularFile() ? attributes.size() : 0;
                newest = modified.isAfter(newest) ? modified : newest;
            }
        }
        return new FilmIdentity(bytes, newest);
    }
}
