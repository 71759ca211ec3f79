package dev.kinema.data;

/**
 * A film that could not be decoded.
 *
 * @param id its id in the list
 * @param reason what the decoder said
 */
public record FailedFilm(String id, String reason) {
}
