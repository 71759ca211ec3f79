package dev.kinema.benchmarks.learning;

import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FilmList;
import dev.kinema.data.ListFormat;
import dev.kinema.device.Device;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.FeatureExtraction;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.metric.FeatureSpread;
import dev.kinema.metric.LinearProbe;
import dev.kinema.metric.NearestNeighbours;
import dev.kinema.metric.Retrieval;
import dev.kinema.pretrain.BackboneConfig;
import dev.kinema.pretrain.FilmsConfig;
import dev.kinema.pretrain.MaskedRetrieval;
import dev.kinema.pretrain.OptimizerConfig;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.pretrain.Pretraining;
import dev.kinema.run.Checkpoints;
import dev.kinema.video.EventFilm;
import dev.kinema.video.EventFilmSet;
import dev.kinema.video.EventGrammar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** The demo's training with one seed: its films, both trainings, and what they were worth. */
final class LearningTrial {
    static final int SINGLES = 512;
    static final int SINGLES_HELD_OUT = 128;
    static final double SINGLE_SECONDS = 3;
    static final int SEQUENCES = 192;
    static final int SEQUENCES_HELD_OUT = 48;
    static final int EVENTS = 10;
    private static final int NORM_EPOCHS = 5;
    private static final NearestNeighbours KNN = new NearestNeighbours(5, 0.1);

    private final long seed;
    private final Path folder;
    private final PretrainConfig config;
    private final EventFilmSet heldOut;

    /** @param read the demo's configuration, whose films are replaced by those in {@code folder} */
    LearningTrial(long seed, Path folder, PretrainConfig read) {
        this.seed = seed;
        this.folder = folder;
        BackboneConfig backbone = read.backbone().orElseThrow();
        BackboneConfig.Phase p = backbone.first();
        BackboneConfig.Phase first = new BackboneConfig.Phase(films("films-a"), Optional.of(films("films-a-held-out")), p.epochs(), p.batch(),
            p.microBatch(), p.sampling(), p.maxGap(), p.augmentation(), p.objective(), p.optimizer(), p.loading(), p.test());
        PretrainConfig.FeatureSettings features = read.features().orElseThrow();
        config = new PretrainConfig(seed, read.device(), read.threads(), read.precision(), read.checkpoints(),
            Optional.of(new BackboneConfig(backbone.network(), Optional.empty(), first, Optional.empty())), Optional.empty(),
            Optional.of(new PretrainConfig.FeatureSettings(films("films-b"), features.hop(), features.batch(), features.padShort())),
            Optional.empty(), read.contextualizer());
        heldOut = EventFilmSet.sequences(10 * seed + 4, SEQUENCES_HELD_OUT, EVENTS, grammar(seed), EventFilm.Format.SMALL);
    }

    static EventGrammar grammar(long seed) {
        return EventGrammar.of(10 * seed, EventFilm.DEFAULT_CLASSES);
    }

    private FilmsConfig films(String name) {
        return new FilmsConfig(folder.resolve(name).resolve(EventFilmSet.LIST), " ", folder.resolve(name).toString(), "", 0);
    }

    LearningResult.Seed run() throws IOException {
        Map<String, Double> seconds = new LinkedHashMap<>();
        long begun = System.nanoTime();
        EventFilm.Format format = EventFilm.Format.SMALL;
        EventFilmSet.singles(10 * seed + 1, SINGLES, EventFilm.DEFAULT_CLASSES, format, SINGLE_SECONDS).write(folder.resolve("films-a"));
        EventFilmSet.singles(10 * seed + 2, SINGLES_HELD_OUT, EventFilm.DEFAULT_CLASSES, format, SINGLE_SECONDS)
            .write(folder.resolve("films-a-held-out"));
        EventFilmSet.sequences(10 * seed + 3, SEQUENCES, EVENTS, grammar(seed), format).write(folder.resolve("films-b"));
        heldOut.write(folder.resolve("films-b-held-out"));
        seconds.put("films", (System.nanoTime() - begun) / 1e9);

        LearningResult.Backbone started = backbone(norms(), "norms");
        StageClock clock = new StageClock();
        Pretraining.Result result = Pretraining.run(config, folder.resolve("run"), List.of(), clock);
        seconds.putAll(clock.seconds);

        begun = System.nanoTime();
        Path random = folder.resolve("random.safetensors");
        BackboneWeights.random(config.backbone().orElseThrow().network().config(), seed).write(random, seed, 0);
        LearningResult.Backbone drawn = backbone(random, "random");
        LearningResult.Backbone trained = backbone(result.backbone().orElseThrow(), "trained");
        FeatureStore store = features(result.backbone().orElseThrow(), "films-b-held-out", "trained");
        try (Device device = Device.open(config.device(), config.threads())) {
            MaskedRetrieval before = retrieval(device, store, Optional.empty());
            MaskedRetrieval after = retrieval(device, store, Checkpoints.latest(folder.resolve("run/contextualizer/checkpoints")));
            int[] labels = labels(after);
            int[] itself = IntStream.range(0, labels.length).toArray();
            LearningResult.Context untrainedContext = context(before, labels);
            LearningResult.Context trainedContext = context(after, labels);
            seconds.put("evaluation", (System.nanoTime() - begun) / 1e9);
            return new LearningResult.Seed(seed, drawn, started, trained, untrainedContext, trainedContext,
                Retrieval.chance(labels, labels, itself), Retrieval.top1(after.keys(), labels, after.keys(), labels, itself), clock.spread,
                clock.steps, seconds);
        }
    }

    /** The network as training starts, which has seen the films only to take the statistics of its norms: trained at next to no rate. */
    private Path norms() {
        BackboneConfig all = config.backbone().orElseThrow();
        BackboneConfig.Phase p = all.first();
        OptimizerConfig o = p.optimizer();
        OptimizerConfig still = new OptimizerConfig(o.rule(), 1e-30, 0, OptimizerConfig.Schedule.CONSTANT, 0, 0, false, o.momentum(), false, 0, 0,
            o.decayBiases(), o.beta1(), o.beta2(), o.clip());
        BackboneConfig.Phase phase = new BackboneConfig.Phase(p.films(), Optional.empty(), NORM_EPOCHS, p.batch(), p.microBatch(),
            p.sampling(), p.maxGap(), p.augmentation(), p.objective(), still, p.loading(), p.test());
        PretrainConfig alone = new PretrainConfig(seed, config.device(), config.threads(), config.precision(), config.checkpoints(),
            Optional.of(new BackboneConfig(all.network(), all.weights(), phase, Optional.empty())), Optional.empty(), Optional.empty(),
            Optional.empty(), Optional.empty());
        return Pretraining.run(alone, folder.resolve("norms"), List.of(), new StageClock()).backbone().orElseThrow();
    }

    private LearningResult.Backbone backbone(Path weights, String name) throws IOException {
        Labelled train = Labelled.of(features(weights, "films-a", name));
        Labelled test = Labelled.of(features(weights, "films-a-held-out", name));
        return new LearningResult.Backbone(KNN.accuracy(train.features, train.labels, test.features, test.labels),
            LinearProbe.STANDARD.accuracy(train.features, train.labels, test.features, test.labels), FeatureSpread.of(test.features));
    }

    private FeatureStore features(Path weights, String films, String name) throws IOException {
        Path store = folder.resolve("features").resolve(name + "-" + films);
        Files.createDirectories(store);
        PretrainConfig.FeatureSettings settings = config.features().orElseThrow();
        try (MovieEncoder encoder = MovieEncoder.open(MovieEncoderConfig.of(weights).withDevice(config.device(), config.threads())
                .withPrecision(config.precision()).withHop(settings.hop()).withBatch(settings.batch()))) {
            FilmList list = FilmList.read(folder.resolve(films).resolve(EventFilmSet.LIST), new ListFormat(" ", folder.resolve(films)));
            FeatureExtraction.run(encoder, store, list.films(), 0, FeatureExtraction.Watcher.NONE);
        }
        return FeatureStore.open(store);
    }

    /** The first clip of each film, and the film's class. */
    private record Labelled(float[][] features, int[] labels) {
        static Labelled of(FeatureStore store) {
            List<FeatureEntry> films = store.entries();
            float[][] features = new float[films.size()][store.header().width()];
            for (int i = 0; i < features.length; i++) {
                store.read(films.get(i)).window(0, 1, 1, features[i], 0);
            }
            return new Labelled(features, films.stream().mapToInt(film -> film.film().label()).toArray());
        }
    }

    private MaskedRetrieval retrieval(Device device, FeatureStore store, Optional<Path> checkpoint) {
        return MaskedRetrieval.of(device, config.contextualizer().orElseThrow(), store, seed, checkpoint);
    }

    /** The classes of the places, by the films that were drawn. */
    private int[] labels(MaskedRetrieval retrieval) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        for (int i = 0; i < heldOut.films(); i++) {
            numbers.put(heldOut.name(i), i);
        }
        double hop = config.features().orElseThrow().hop();
        return retrieval.places().stream().mapToInt(place -> {
            String id = retrieval.films().get(place.film()).id();
            EventFilm film = heldOut.film(numbers.get(id));
            return film.events().get((int) (place.row() * hop / film.format().eventSeconds())).label();
        }).toArray();
    }

    private static LearningResult.Context context(MaskedRetrieval retrieval, int[] labels) {
        int[] itself = IntStream.range(0, labels.length).toArray();
        return new LearningResult.Context(Retrieval.top1(retrieval.predictions(), labels, retrieval.keys(), labels, itself),
            Retrieval.top1(retrieval.predictions(), retrieval.keys(), (query, key) -> query == key),
            FeatureSpread.of(retrieval.predictions()));
    }
}
