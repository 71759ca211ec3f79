package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.BlockingQueue;

/** One thread's work: takes films, decodes and augments them, until it is interrupted. */
final class FilmWorker implements Runnable {
    private final List<Film> films;
    private final ClipSampler sampler;
    private final ClipTransform transform;
    private final long seed;
    private final BlockingQueue<FilmTask> tasks;
    private final ByteBuffer[] pictures;
    private ClipTransform.Worker augmentation;
    private int height;
    private int width;

    FilmWorker(List<Film> films, ClipSampler sampler, ClipTransform transform, long seed, BlockingQueue<FilmTask> tasks) {
        this.films = films;
        this.sampler = sampler;
        this.transform = transform;
        this.seed = seed;
        this.tasks = tasks;
        pictures = new ByteBuffer[sampler.clips()];
    }

    @Override
    public void run() {
        try {
            while (true) {
                FilmTask task = tasks.take();
                try {
                    if (!task.isDiscarded()) {
                        load(task);
                    }
                } finally {
                    task.finish();
                }
            }
        } catch (InterruptedException e) {
            // the loader was closed: there is nobody to tell
            Thread.currentThread().interrupt();
        }
    }

    private void load(FilmTask task) throws InterruptedException {
        try {
            Film film = films.get(task.turn().film());
            if (decode(task, film)) {
                augment(task, film);
            }
        } catch (RuntimeException | Error e) {
            // it is next() that throws it, in the consumer's thread and with the film's name
            task.breakBy(e);
        }
    }

    /** Fills {@link #pictures}; false where the film cannot be decoded. */
    private boolean decode(FilmTask task, Film film) throws InterruptedException {
        EpochWalk.Turn turn = task.turn();
        try (FilmClips clips = FilmClips.open(film.path())) {
            Philox random = FilmDraws.sampling(seed, turn.epoch(), film.id(), turn.visit());
            clips.read(sampler.times(clips.timing(), random), transform.framing(), pictures);
            height = clips.height();
            width = clips.width();
            if (clips.isDamaged()) {
                task.damage();
            }
            return true;
        } catch (KinemaException e) {
            task.fail(e.getMessage());
            return false;
        }
    }

    private void augment(FilmTask task, Film film) {
        if (augmentation == null) {
            augmentation = transform.worker();
        }
        EpochWalk.Turn turn = task.turn();
        int frames = sampler.frames();
        int bytes = frames * transform.size() * transform.size() * 3;
        for (int view = 0; view < pictures.length; view++) {
            Philox random = FilmDraws.augmentation(seed, turn.epoch(), film.id(), turn.visit(), view);
            for (int variant = 0; variant < transform.variants(); variant++) {
                int offset = (view * transform.variants() + variant) * bytes;
                augmentation.apply(pictures[view], frames, height, width, view, variant, random, task.pixels(), offset);
            }
        }
    }
}
