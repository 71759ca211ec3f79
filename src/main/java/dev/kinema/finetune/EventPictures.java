package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.data.CentreCrop;
import dev.kinema.data.ClipLoader;
import dev.kinema.data.ClipTransform;
import dev.kinema.data.FailedFilm;
import dev.kinema.data.FilmList;
import dev.kinema.data.LoaderPosition;
import dev.kinema.data.LoaderSettings;
import dev.kinema.data.Stretch;
import dev.kinema.model.SlowConfig;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.ClipFilms;
import dev.kinema.task.vidsitu.EventClips;
import dev.kinema.task.vidsitu.EventSampling;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.util.List;

/**
 * The pictures of a dataset's events as a network sees them, in training and in testing alike: nothing is drawn.
 *
 * @param dataset whose clips they are
 * @param settings how pictures become squares, and how they are loaded
 * @param size frames per event, one in how many of the film's, and the side of the squares
 */
record EventPictures(VidSituDataset dataset, DatasetConfig settings, SlowConfig.Clip size) {
    EventPictures {
        int window = size.frames() * size.samplingRate();
        if (window % 2 != 0 || window > Clip.FRAMES) {
            throw new KinemaException("the network sees " + size.frames() + " frames, one in " + size.samplingRate()
                + ", of an event: their product must be even, for they lie around its middle, and " + Clip.FRAMES + " at most");
        }
    }

    /** When pictures are taken. */
    EventClips sampler() {
        return new EventClips(new EventSampling(size.frames(), size.samplingRate()));
    }

    /** What is done to them. */
    ClipTransform transform() {
        return switch (settings.framing()) {
            case STRETCHED -> new Stretch(size.crop());
            case CENTRE_CROP -> new CentreCrop(size.crop(), size.crop());
        };
    }

    /**
     * Where the pictures are.
     *
     * @param maxMissing share of the clips that may have none
     * @throws KinemaException if more have none
     */
    ClipFilms films(List<Situation> situations, double maxMissing) {
        return ClipFilms.ofSituations(dataset, situations, maxMissing);
    }

    /** Batches to learn from, without end; more films than the settings allow must not fail. */
    ClipLoader training(FilmList films, int part, int parts, long seed, LoaderPosition position, List<FailedFilm> failed) {
        LoaderSettings loading = LoaderSettings.training(part, parts, seed, settings.threads())
            .withThreads(settings.threads(), settings.prefetch()).withMaxFailedShare(settings.maxMissing());
        return new ClipLoader(films, sampler(), transform(), loading, position, failed);
    }

    /** All films once, in their order; all may fail, which {@link ClipLoader#failed} tells. */
    ClipLoader evaluation(FilmList films, int batch) {
        LoaderSettings loading = LoaderSettings.evaluation(batch, settings.threads()).withThreads(settings.threads(), settings.prefetch())
            .withMaxFailedShare(1);
        return new ClipLoader(films, sampler(), transform(), loading);
    }
}
