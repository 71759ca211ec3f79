package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Adds films to a {@link FeatureStore}. A film's file is in place and on the disk before its line is in the index, so that a run may be
 * killed at any moment: the film is then done or it is not. One thread at a time.
 */
public final class FeatureWriter implements AutoCloseable {
    private final Path folder;
    private final FeatureHeader header;
    private final FeatureIndex index;
    /** A stream, not a channel: an interrupt does not close it in the middle of a line. */
    private final FileOutputStream out;
    /** Ids by the file of their features; in lower case, for on some systems names that differ in case only are one. */
    private final Map<String, String> files = new HashMap<>();

    /** A line may have been written in part: nothing is to follow it. */
    private boolean torn;

    private FeatureWriter(Path folder, FeatureHeader header, FeatureIndex index, FileOutputStream out) {
        this.folder = folder;
        this.header = header;
        this.index = index;
        this.out = out;
        index.entries.values().forEach(entry -> files.put(key(entry.file()), entry.id()));
    }

    static FeatureWriter open(Path folder, FeatureHeader header) {
        try {
            Files.createDirectories(folder);
            if (FeatureStore.isIn(folder)) {
                FeatureHeader present = FeatureHeader.read(folder);
                present.difference(header).ifPresent(difference -> {
                    throw new KinemaException("the store '" + folder + "' has features of " + difference
                        + ": choose another folder for these");
                });
            } else if (Files.exists(folder.resolve(FeatureIndex.FILE))) {
                throw new KinemaException("'" + folder + "' has an " + FeatureIndex.FILE + " but no " + FeatureHeader.FILE
                    + ", so what its features are is not known: choose another folder");
            } else {
                header.write(folder);
            }
            FeatureIndex index = FeatureIndex.read(folder);
            Path file = folder.resolve(FeatureIndex.FILE);
            cut(file, index.bytes());
            return new FeatureWriter(folder, header, index, new FileOutputStream(file.toFile(), true));
        } catch (IOException e) {
            throw new KinemaException("the folder '" + folder + "' cannot be written (" + e + "): choose another one", e);
        }
    }

    /** Takes away what a killed run wrote of its last line. */
    private static void cut(Path file, long bytes) throws IOException {
        if (Files.exists(file) && Files.size(file) > bytes) {
            try (RandomAccessFile index = new RandomAccessFile(file.toFile(), "rw")) {
                index.setLength(bytes);
            }
        }
    }

    public FeatureHeader header() {
        return header;
    }

    /**
     * The entry of a film that need not be done again: its file is as it was, and its features' file is there with the right size. A label
     * or path that it did not have before is noted.
     */
    public Optional<FeatureEntry> keep(Film film) {
        FeatureEntry entry = index.entries.get(film.id());
        boolean whole = entry != null && FilmIdentity.of(film.path()).equals(Optional.of(entry.identity()))
            && FeatureFile.size(folder.resolve(entry.file())) == entry.bytes();
        if (!whole) {
            return Optional.empty();
        }
        if (entry.film().equals(film)) {
            return Optional.of(entry);
        }
        FeatureEntry noted = entry.withFilm(film);
        write(FeatureIndex.line(noted), false);
        index.put(noted);
        return Optional.of(noted);
    }

    /**
     * Adds a film, or replaces what is there of it.
     *
     * @param identity of its file before it was read
     * @param features F32 [T, width]
     * @param starts F64 [T], seconds into the film at which each clip starts
     * @param damage what was wrong with the film, in words; empty for nothing
     * @throws KinemaException if the disk refuses
     */
    public FeatureEntry add(Film film, FilmIdentity identity, HostArray features, HostArray starts, String damage) {
        int clips = features.shape().dim(0);
        if (features.dtype() != DType.F32 || !features.shape().equals(Shape.of(clips, header.width())) || starts.dtype() != DType.F64
                || !starts.shape().equals(Shape.of(clips))) {
            throw new IllegalArgumentException("features " + features.type() + " and starts " + starts.type() + " for a store of F32 [T, "
                + header.width() + "] and F64 [T]");
        }
        String file = fileOf(film);
        Path path = folder.resolve(file);
        try {
            Files.createDirectories(path.getParent());
        } catch (IOException e) {
            throw new KinemaException("the folder '" + path.getParent() + "' cannot be made (" + e + "): check the store's folder", e);
        }
        FeatureFile.write(path, film, header.weightsSha256(), features, starts);
        FeatureEntry entry = new FeatureEntry(film, identity, file, clips, FeatureFile.size(path), FeatureFile.checksum(features, starts),
            damage);
        write(FeatureIndex.line(entry), true);
        index.put(entry);
        files.put(key(file), film.id());
        return entry;
    }

    /** The film's own file, or one that no other film has: their hashes may be equal. */
    private String fileOf(Film film) {
        FeatureEntry before = index.entries.get(film.id());
        if (before != null) {
            return before.file();
        }
        int copy = 1;
        while (!files.getOrDefault(key(FeatureFile.name(film, copy)), film.id()).equals(film.id())) {
            copy++;
        }
        return FeatureFile.name(film, copy);
    }

    private static String key(String file) {
        return file.toLowerCase(Locale.ROOT);
    }

    /**
     * Notes that a film gave no features; it will be tried again. Features of the file that it was before no longer count, but those of one
     * that is merely out of reach now do.
     */
    public FeatureFailure fail(Film film, String reason) {
        FeatureFailure failure = new FeatureFailure(film, reason);
        boolean kept = index.entries.containsKey(film.id()) && FilmIdentity.of(film.path()).isEmpty();
        if (!kept && !failure.equals(index.failures.get(film.id()))) {
            write(FeatureIndex.line(failure), false);
            index.put(failure);
        }
        return failure;
    }

    private void write(String line, boolean force) {
        if (torn) {
            throw new IllegalStateException("a store was written to after its disk had refused: open it again");
        }
        torn = true;
        try {
            out.write(line.getBytes(StandardCharsets.UTF_8));
            if (force) {
                out.getFD().sync();
            }
            torn = false;
        } catch (IOException e) {
            throw new KinemaException("the index of the store '" + folder + "' cannot be written (" + e.getMessage()
                + "): make room on its disk, and extract again", e);
        }
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw new KinemaException("the index of the store '" + folder + "' cannot be closed (" + e.getMessage()
                + "): check its disk", e);
        }
    }
}
