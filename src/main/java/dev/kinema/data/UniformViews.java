package dev.kinema.data;

import dev.kinema.graph.Philox;

/**
 * PySlowFast's clips for testing ({@code slowfast/datasets/decoder.py}): view i of V starts at {@code max(L - c, 0) * i / V} of a film of
 * L frames, where c is what a clip takes up, so that no view touches the end. Nothing is drawn.
 *
 * @param views clips per film, V
 * @param sampling how a clip's frames follow from its start
 */
public record UniformViews(int views, ClipSampling sampling) implements ClipSampler {
    /** Checks the number of views. */
    public UniformViews {
        if (views < 1) {
            throw new IllegalArgumentException(views + " views per film: use 1 or more");
        }
    }

    @Override
    public int clips() {
        return views;
    }

    @Override
    public int frames() {
        return sampling.frames();
    }

    @Override
    public double[][] times(FilmTiming film, Philox random) {
        double[][] times = new double[views][];
        for (int view = 0; view < views; view++) {
            double start = sampling.testStart(film.length(), film.frameRate(), view, views);
            times[view] = UniformStarts.seconds(sampling, start, film);
        }
        return times;
    }
}
