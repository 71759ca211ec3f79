package dev.kinema.data;

/**
 * A film whose features are in a store.
 *
 * @param film with its label, if it has one
 * @param identity of the film's file before it was read
 * @param file the features' file in the store's folder, names separated by {@code /}
 * @param clips rows of the features, T
 * @param bytes size of the features' file
 * @param checksum CRC-32C of the file's data, in hexadecimal
 * @param damage what was wrong with the film, in words; empty for nothing
 */
public record FeatureEntry(Film film, FilmIdentity identity, String file, int clips, long bytes, String checksum, String damage) {
    /** The film's unique name. */
    public String id() {
        return film.id();
    }

    /** The same features of a film that got another label or path. */
    FeatureEntry withFilm(Film other) {
        return new FeatureEntry(other, identity, file, clips, bytes, checksum, damage);
    }
}
