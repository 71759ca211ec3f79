package dev.kinema.task.vidsitu;

import dev.kinema.data.ClipSampler;
import dev.kinema.data.FilmTiming;
import dev.kinema.graph.Philox;

/**
 * The five events of a VidSitu clip as clips of a {@link dev.kinema.data.ClipLoader}, in training and in testing alike. Nothing is drawn.
 * Times do not depend on how long a film is: a little beyond its end the loader repeats its last picture, and fails what is cut off.
 *
 * @param sampling which pictures of an event are taken
 */
public record EventClips(EventSampling sampling) implements ClipSampler {
    @Override
    public int clips() {
        return Clip.EVENTS;
    }

    @Override
    public int frames() {
        return sampling.frames();
    }

    @Override
    public double[][] times(FilmTiming film, Philox random) {
        double[][] times = new double[Clip.EVENTS][];
        for (int event = 0; event < Clip.EVENTS; event++) {
            times[event] = sampling.times(event);
        }
        return times;
    }
}
