package dev.kinema.data;

/**
 * A film that gave no features.
 *
 * @param reason why not, a sentence
 */
public record FeatureFailure(Film film, String reason) {
}
