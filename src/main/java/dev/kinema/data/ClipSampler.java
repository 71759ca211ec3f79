package dev.kinema.data;

import dev.kinema.graph.Philox;

/** When the pictures of a film's clips are taken. Stateless: threads may share one. */
public interface ClipSampler {
    /** Clips per film. */
    int clips();

    /** Pictures per clip. */
    int frames();

    /**
     * Chooses the pictures of one film.
     *
     * @param film how long it lasts
     * @param random its elements are drawn by fixed numbers, which each sampler states
     * @return seconds from the film's start, [clips][frames]; not in order of time in general
     */
    double[][] times(FilmTiming film, Philox random);
}
