package dev.kinema.embed;

/**
 * The feature of one clip of a film.
 *
 * @param index of the clip in the film, from 0
 * @param start seconds into the film at which the clip starts
 * @param end seconds at which what it covers ends; up to one interval after the film's end, later where its last frame was repeated
 * @param frameTimes presentation time in seconds of the frame that each picture was taken from
 * @param values the feature
 */
public record ClipFeature(long index, double start, double end, double[] frameTimes, float[] values) {
}
