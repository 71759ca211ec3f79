package dev.kinema.embed;

/**
 * What an encoder is busy with at a moment.
 *
 * @param running calls that are worked on
 * @param waiting calls that wait for their turn
 */
public record EncoderLoad(int running, int waiting) {
}
