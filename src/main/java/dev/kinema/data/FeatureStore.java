package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A folder of features, one file per film, all of one backbone:
 *
 * <ul>
 * <li>{@code store.json}: what they have in common, {@link FeatureHeader};
 * <li>{@code index.jsonl}: a line for each film that is done or failed, appended once its file is in place;
 * <li>{@code features/<2 hex>/<name>-<8 hex>.safetensors}: {@code features} F32 [T, width] and {@code starts} F64 [T].
 * </ul>
 *
 * <p>This is what was in the folder when it was opened. Films are written by {@link #append}. Any thread may read.
 */
public final class FeatureStore {
    private final Path folder;
    private final FeatureHeader header;
    private final Map<String, FeatureEntry> entries;
    private final List<FeatureFailure> failures;

    private FeatureStore(FeatureStore whole, Set<String> ids) {
        folder = whole.folder;
        header = whole.header;
        entries = new TreeMap<>(whole.entries);
        entries.keySet().retainAll(ids);
        failures = whole.failures.stream().filter(f -> ids.contains(f.film().id())).toList();
    }

    private FeatureStore(Path folder, FeatureHeader header, FeatureIndex index) {
        this.folder = folder;
        this.header = header;
        // by name and not by when they were done: what is learned from a store is not to depend on its interruptions
        entries = new TreeMap<>(index.entries);
        failures = index.failures.values().stream().sorted(Comparator.comparing(f -> f.film().id())).toList();
    }

    /** Whether a folder says that it is a store, readable or not. */
    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(FeatureHeader.FILE));
    }

    /**
     * Opens a store for reading.
     *
     * @throws KinemaException if the folder is no store, of another format, or its index is damaged
     */
    public static FeatureStore open(Path folder) {
        return new FeatureStore(folder, FeatureHeader.read(folder), FeatureIndex.read(folder));
    }

    /** The same store as if it held the films of a list only. */
    public FeatureStore only(FilmList films) {
        return new FeatureStore(this, films.films().stream().map(Film::id).collect(Collectors.toSet()));
    }

    /**
     * Opens a store for writing, made if it is not there. One writer at a time: the caller locks the folder.
     *
     * @throws KinemaException if a store of another header is there, or the folder cannot be written
     */
    public static FeatureWriter append(Path folder, FeatureHeader header) {
        return FeatureWriter.open(folder, header);
    }

    public Path folder() {
        return folder;
    }

    public FeatureHeader header() {
        return header;
    }

    /** The films that are done, in the order of their ids. */
    public List<FeatureEntry> entries() {
        return List.copyOf(entries.values());
    }

    /** The film of that id, if it is done. */
    public Optional<FeatureEntry> entry(String id) {
        return Optional.ofNullable(entries.get(id));
    }

    /** SHA-256 in hexadecimal over the header and every film's id and checksum: whether features are the same ones. */
    public String fingerprint() {
        StringBuilder text = new StringBuilder(header.weightsSha256()).append('\n').append(header.hop()).append('\n');
        entries.values().forEach(e -> text.append(e.id().length()).append(' ').append(e.id()).append(' ').append(e.checksum()).append('\n'));
        return Sha256.ofText(text.toString());
    }

    /** The films that failed when they were last tried, in the order of their ids. */
    public List<FeatureFailure> failures() {
        return failures;
    }

    /**
     * Reads the features of a film.
     *
     * @throws KinemaException if their file is missing, or differs from what was written in size, film, type, shape or checksum
     */
    public StoredFeatures read(FeatureEntry entry) {
        return FeatureFile.read(folder, entry, header.width());
    }

    /** Reads everything; what is wrong, one sentence per film, in the order of their ids. Empty where all is whole. */
    public List<String> verify() {
        List<String> wrong = new ArrayList<>();
        for (FeatureEntry entry : entries.values()) {
            try {
                read(entry);
            } catch (KinemaException e) {
                wrong.add(e.getMessage());
            }
        }
        return wrong;
    }

    /**
     * Refuses features of another backbone.
     *
     * @param sha256 digest of the wanted backbone's weights file, in hexadecimal
     * @throws KinemaException naming both digests
     */
    public void requireBackbone(String sha256) {
        if (!header.weightsSha256().equals(sha256)) {
            throw new KinemaException("the features in '" + folder + "' are of the backbone with SHA-256 " + header.weightsSha256()
                + ", not of the one with " + sha256
                + ": name the weights they were extracted with, or extract with these to another folder");
        }
    }
}
