package dev.kinema.data;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** The films of a folder: files whose names end as video files do. */
final class FilmFolder {
    /** Endings of containers that hold video as a rule; {@code .ogg} is sound as a rule. */
    private static final Set<String> ENDINGS = Set.of("3gp", "asf", "avi", "f4v", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg",
        "mpg", "mts", "mxf", "ogv", "ts", "vob", "webm", "wmv");

    private FilmFolder() {
    }

    /** Whether a file of this name is taken for a film. */
    static boolean endsAsFilm(String name) {
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT)) && name.indexOf('.') >= 0;
    }

    /** All films below a folder, sorted by their paths in it. Links are followed, files whose names start with a dot are not films. */
    static List<Film> read(Path folder) {
        try (Stream<Path> found = Files.find(folder, Integer.MAX_VALUE, FilmFolder::isFilm, FileVisitOption.FOLLOW_LINKS)) {
            List<Film> films = found.map(path -> new Film(id(folder, path), path, Film.NO_LABEL))
                .sorted(Comparator.comparing(Film::id)).toList();
            if (films.isEmpty()) {
                throw new KinemaException("the folder '" + folder + "' has no film in it, that is no file ending in "
                    + ENDINGS.stream().sorted().map(ending -> "." + ending).toList() + ": check the path, or write a list");
            }
            return films;
        } catch (UncheckedIOException e) {
            throw unreadable(folder, e.getCause());
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }

    /** A link to nowhere counts, so that it is named as a film that cannot be decoded. */
    private static boolean isFilm(Path path, BasicFileAttributes attributes) {
        String name = path.getFileName() == null ? "" : path.getFileName().toString();
        return (attributes.isRegularFile() || attributes.isSymbolicLink()) && !name.startsWith(".") && endsAsFilm(name);
    }

    /** Written with slashes on every system, so that order and draws do not depend on it. */
    private static String id(Path folder, Path path) {
        return folder.relativize(path).toString().replace(path.getFileSystem().getSeparator(), "/");
    }

    private static KinemaException unreadable(Path folder, IOException e) {
        if (e instanceof FileSystemLoopException) {
            return new KinemaException("the folder '" + folder + "' has a link that leads back to a folder it lies in, '"
                + e.getMessage() + "': remove the link, or write a list", e);
        }
        return new KinemaException("the folder '" + folder + "' cannot be searched for films (" + e + "): check its permissions", e);
    }
}
