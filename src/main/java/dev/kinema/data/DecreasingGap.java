package dev.kinema.data;

import dev.kinema.graph.Philox;

/**
 * CVRL's two clips of a film, the less likely the further apart (Qian et al., "Spatiotemporal Contrastive Video Representation
 * Learning", CVPR 2021; {@code official/projects/video_ssl/ops/video_ssl_preprocess_ops.py} of TensorFlow's model garden).
 *
 * <p>With {@code M = seconds - (frames - 1) * interval}, the room in which a clip may start, the gap k between the two starts has the
 * density {@code f(k) = 2/M * (1 - k/M)} on [0, M], drawn as {@code k = M * (1 - sqrt(1 - u))}. The first start is uniform in
 * [0, M - k), the second is k later, and a fair coin says which of them is clip 0. A film without room (M of 0 or less) has two
 * independent uniform starts, and its times go round from its end to its start. The reference draws whole frames; here it is the
 * same law over seconds, so that films of any frame rate are sampled alike.
 *
 * <p>A film of several scenes may be asked for clips that are nearer: the law is then that of {@code M = min(M, furthest)}, while starts
 * still lie anywhere.
 *
 * <p>Elements of the random stream: 0 the gap, 1 the first start, 2 the coin; 3 and 4 the starts in a film without room.
 *
 * @param frames pictures per clip
 * @param interval seconds from picture to picture
 * @param furthest seconds from start to start at most; infinite for CVRL's law
 */
public record DecreasingGap(int frames, double interval, double furthest) implements ClipSampler {
    /** Checks the numbers. */
    public DecreasingGap {
        if (frames < 1 || !(interval > 0) || Double.isInfinite(interval)) {
            throw new IllegalArgumentException("clips of " + frames + " frames every " + interval + " s: both must be above 0");
        }
        if (!(furthest > 0)) {
            throw new IllegalArgumentException("clips " + furthest + " s apart at most: it must be above 0");
        }
    }

    /** CVRL's: as far apart as the film allows. */
    public DecreasingGap(int frames, double interval) {
        this(frames, interval, Double.POSITIVE_INFINITY);
    }

    @Override
    public int clips() {
        return 2;
    }

    @Override
    public double[][] times(FilmTiming film, Philox random) {
        double room = film.seconds() - (frames - 1) * interval;
        if (room <= 0) {
            return new double[][] {round(film, random.uniform(3)), round(film, random.uniform(4))};
        }
        double gap = Math.min(room, furthest) * (1 - Math.sqrt(1 - random.uniform(0)));
        double first = (room - gap) * random.uniform(1);
        double[] early = from(first);
        double[] late = from(first + gap);
        return random.uniform(2) < 0.5 ? new double[][] {early, late} : new double[][] {late, early};
    }

    private double[] from(double start) {
        double[] times = new double[frames];
        for (int i = 0; i < frames; i++) {
            times[i] = start + i * interval;
        }
        return times;
    }

    private double[] round(FilmTiming film, double uniform) {
        double[] times = from(uniform * film.seconds());
        for (int i = 0; i < frames; i++) {
            times[i] %= film.seconds();
        }
        return times;
    }
}
