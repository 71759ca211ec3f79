package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.data.ClipBatch;
import dev.kinema.data.ClipLoader;
import dev.kinema.data.FailedFilm;
import dev.kinema.data.FilmList;
import dev.kinema.data.LoaderPosition;
import dev.kinema.data.LoaderSettings;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.metric.FeatureSpread;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.LearningRate;
import dev.kinema.optim.MovingAverage;
import dev.kinema.run.Metrics;
import dev.kinema.run.Training;
import dev.kinema.run.Uninterrupted;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Training of a backbone on one set of films, step by step. */
final class BackboneTraining implements Training {
    private final BackboneConfig config;
    private final BackboneConfig.Phase phase;
    private final FilmList films;
    private final long seed;
    private final Consumer<String> note;
    private final Objective objective;
    private final Weights weights;
    private final BackboneStep step;
    private final LearningRate rate;
    private final long stepsPerEpoch;
    private final BackboneTest test;
    private LoaderPosition position = LoaderPosition.START;
    private List<FailedFilm> failed = List.of();
    private ClipLoader loader;
    /** Taken while the step before computes, by steps of one part; null where nothing is. */
    private Ahead ahead;
    /** Whether weights, position and memory are those after a whole step. */
    private boolean whole = true;

    /**
     * @param note is told of each film that cannot be decoded
     * @param start what weights begin with, by the names of the training graph; the others are drawn from the seed
     * @throws KinemaException if there are fewer films than a batch has
     */
    BackboneTraining(Device device, Compilation compilation, BackboneConfig config, BackboneConfig.Phase phase, FilmList films, long seed,
            Map<String, HostArray> start, Consumer<String> note) {
        this.config = config;
        this.note = note;
        this.phase = phase;
        this.films = films;
        this.seed = seed;
        SlowConfig network = config.network().config();
        objective = phase.objective().of(network);
        stepsPerEpoch = films.films().size() / phase.batch();
        if (stepsPerEpoch == 0) {
            throw new KinemaException(phase.films().list() + " names " + films.films().size() + " films, fewer than the " + phase.batch()
                + " of a batch: lower batch, or add films");
        }
        if (phase.objective().kind() == BackboneConfig.ObjectiveKind.SUPERVISED) {
            requireLabels(network.head().classes());
        }
        rate = phase.optimizer().rate(phase.epochs());
        requireMemory(network.clip());
        weights = device.newWeights();
        boolean built = false;
        try {
            start.forEach(weights::put);
            step = new StepBuilder(device, weights, compilation, network.clip(), objective, phase.optimizer().optimizer(), phase.batch(),
                phase.part(), seed).build();
            test = new BackboneTest(device, weights, compilation, config, phase, objective, films);
            built = true;
        } finally {
            if (!built) {
                weights.close();
            }
        }
    }

    /** The pixels of a batch are held in direct memory, and those of the batches that are decoded ahead. */
    private void requireMemory(SlowConfig.Clip clip) {
        long film = 3L * objective.clips() * clip.frames() * clip.crop() * clip.crop();
        // a step of one part has the next one's, too
        long held = phase.batch() == phase.part() ? 2L * phase.batch() : phase.batch();
        long needed = film * (held + (phase.loading().prefetch() + 1L) * phase.part());
        long most = DirectMemory.most();
        if (needed > most) {
            throw new KinemaException(String.format(Locale.ROOT, "a batch of %d films and %d parts ahead take %.1f GB of pixels, and Java may hold "
                + "%.1f GB outside its heap: give it more, such as KINEMA_JAVA_OPTS=-XX:MaxDirectMemorySize=%dg, or lower batch",
                phase.batch(), phase.loading().prefetch(), needed / 1e9, most / 1e9, 1 + needed / 900_000_000));
        }
    }

    private void requireLabels(int classes) {
        films.films().stream().filter(film -> film.label() < 0 || film.label() >= classes).findFirst().ifPresent(film -> {
            throw new KinemaException(phase.films().list() + ": '" + film.id() + "' has the label " + film.label() + ", but classes go from 0 to "
                + (classes - 1) + ": give every film its class, or set network.head.classes");
        });
    }

    @Override
    public Weights weights() {
        return weights;
    }

    @Override
    public long steps() {
        return phase.epochs() * stepsPerEpoch;
    }

    private double epoch(long step) {
        return (double) step / stepsPerEpoch;
    }

    @Override
    public Metrics step(long number) {
        long begun = System.nanoTime();
        List<ClipBatch> parts = new ArrayList<>();
        try {
            long waited = load(parts);
            BackboneStep.Clips clips = ahead == null ? clips(parts) : ahead.clips;
            ahead = null;
            int[] labels = clips.labels();
            double epoch = epoch(number);
            whole = false;
            BackboneStep.Result result = step.run(new BackboneStep.Batch(clips, rate.at(epoch), decay(epoch), number),
                () -> number + 1 < steps() ? takeAhead() : null);
            test.remember(parts, result.rows());
            position = parts.get(parts.size() - 1).position();
            remember(parts.get(parts.size() - 1).failed());
            double seconds = (System.nanoTime() - begun) / 1e9;
            Metrics metrics = metrics(number, result, labels, waited, seconds, parts.stream().mapToInt(ClipBatch::damagedFilms).sum());
            whole = true;
            return metrics;
        } finally {
            parts.forEach(ClipBatch::close);
        }
    }

    private void remember(List<FailedFilm> now) {
        for (FailedFilm film : now.subList(failed.size(), now.size())) {
            note.accept("film '" + film.id() + "' is left out: " + film.reason());
        }
        failed = now;
    }

    @Override
    public boolean isBetweenSteps() {
        return whole;
    }

    /** The batches of a step. @return nanoseconds spent waiting for them */
    private long load(List<ClipBatch> parts) {
        if (loader == null) {
            LoaderSettings settings = LoaderSettings.training(phase.part(), phase.batch() / phase.part(), seed, phase.loading().count())
                .withThreads(phase.loading().count(), phase.loading().prefetch()).withMaxFailedShare(phase.films().maxFailed());
            loader = new ClipLoader(films, config.sampler(phase), phase.augmentation(), settings, position, failed);
        }
        long before = loader.waitedNanos();
        if (ahead != null) {
            parts.add(ahead.batch);
        }
        while (parts.size() < phase.batch() / phase.part()) {
            parts.add(loader.next());
        }
        return loader.waitedNanos() - before;
    }

    private static BackboneStep.Clips clips(List<ClipBatch> parts) {
        return new BackboneStep.Clips(parts.stream().map(ClipBatch::pixels).toList(),
            parts.stream().flatMapToInt(part -> Arrays.stream(part.labels())).toArray());
    }

    /** The next step's clips if they are decoded; the position is still that before them. */
    private BackboneStep.Clips takeAhead() {
        ahead = loader.poll().map(batch -> new Ahead(batch, clips(List.of(batch)))).orElse(null);
        return ahead == null ? null : ahead.clips;
    }

    /** The momentum encoder's share of the old value; PySlowFast anneals it by the epoch. */
    private double decay(double epoch) {
        BackboneConfig.ObjectiveSettings settings = phase.objective();
        return settings.annealMomentum() ? MovingAverage.decay(settings.momentum(), epoch, phase.epochs()) : settings.momentum();
    }

    private Metrics metrics(long number, BackboneStep.Result result, int[] labels, long waited, double seconds, int damaged) {
        int films = phase.batch();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("epoch", epoch(number + 1));
        values.put(Metrics.LOSS, result.loss());
        values.put("chance_loss", objective.chance(films));
        values.put("learning_rate", rate.at(epoch(number)));
        values.put(Metrics.GRADIENT_NORM, result.gradientNorm());
        values.putAll(alikeness(result, labels));
        values.put("failed_films", (double) failed.size());
        values.put("damaged_films", (double) damaged);
        if (test.isDue(number + 1, stepsPerEpoch, steps())) {
            // the weights have moved on: an interrupt waits until the step is whole
            values.putAll(Uninterrupted.run(test::run));
        }
        values.put("decode_wait_seconds", waited / 1e9);
        values.put("clips_per_second", objective.clips() * films / seconds);
        return new Metrics(values);
    }

    /** What the rows of a step say beside the loss; nothing where they are not finite, which the loss then is not, either. */
    private Map<String, Double> alikeness(BackboneStep.Result result, int[] labels) {
        Rows rows = new Rows(result.rows(), objective.width());
        if (!rows.isFinite()) {
            return Map.of();
        }
        if (objective instanceof Classification) {
            return Map.of("top1", rows.accuracy(labels));
        }
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("top1", result.ranks().length > 0 ? Rows.first(result.ranks(), result.ranks().length) : rows.partnersFound(phase.batch()));
        values.put("feature_spread", FeatureSpread.of(rows.toArrays()));
        return values;
    }

    @Override
    public Map<String, String> position() {
        return Position.write(position, failed, films.fingerprint());
    }

    @Override
    public void restore(Map<String, String> saved) {
        Position read = Position.read(saved, films.fingerprint(), phase.films().list());
        position = read.loader();
        failed = read.failed();
        closeLoader();
    }

    @Override
    public Map<String, HostArray> extras() {
        return test.memory();
    }

    @Override
    public void restoreExtras(Map<String, HostArray> extras) {
        test.restore(extras);
    }

    private record Ahead(ClipBatch batch, BackboneStep.Clips clips) {}

    private void closeLoader() {
        if (ahead != null) {
            ahead.batch.close();
            ahead = null;
        }
        if (loader != null) {
            loader.close();
            loader = null;
        }
    }

    @Override
    public void close() {
        closeLoader();
        test.close();
        step.close();
        weights.close();
    }
}
