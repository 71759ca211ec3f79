package dev.kinema.data;

import dev.kinema.graph.Philox;

/**
 * PySlowFast's clips for training ({@code slowfast/datasets/kinetics.py}, {@code decoder.py}): independent starts, uniform over
 * where a clip fits.
 *
 * <p>Of several clips PySlowFast sorts the starts by time, and deals them out to the clips at random. Independent draws that are left
 * as they fell have the same joint law, which is what is done here. A picture is the frame shown in the middle of the time that
 * frame number i has at the average rate, {@code (i + 0.5) / fps}.
 *
 * <p>Elements of the random stream: c is the start of clip c.
 *
 * @param clips clips per film
 * @param sampling how a clip's frames follow from its start
 */
public record UniformStarts(int clips, ClipSampling sampling) implements ClipSampler {
    /** Checks the number of clips. */
    public UniformStarts {
        if (clips < 1) {
            throw new IllegalArgumentException(clips + " clips per film: use 1 or more");
        }
    }

    @Override
    public int frames() {
        return sampling.frames();
    }

    @Override
    public double[][] times(FilmTiming film, Philox random) {
        double[][] times = new double[clips][];
        for (int c = 0; c < clips; c++) {
            times[c] = seconds(sampling, sampling.trainStart(film.length(), film.frameRate(), random.uniform(c)), film);
        }
        return times;
    }

    /** Times of the frames of the clip that starts {@code start} frames into the film, in seconds. */
    static double[] seconds(ClipSampling sampling, double start, FilmTiming film) {
        int[] indices = sampling.indices(start, film.length(), film.frameRate());
        double[] times = new double[indices.length];
        for (int i = 0; i < times.length; i++) {
            times[i] = (indices[i] + 0.5) / film.frameRate();
        }
        return times;
    }
}
