package dev.kinema.pretrain;

import dev.kinema.data.FeatureHeader;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FeatureWriter;
import dev.kinema.data.Film;
import dev.kinema.data.FilmIdentity;
import dev.kinema.device.HostArray;
import dev.kinema.embed.NetworkDescription;
import dev.kinema.graph.DType;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.EventFilm;
import dev.kinema.video.EventFilmSet;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * Makes the runs of configurations small: few films and a narrow network, but every kind of thing that the configuration names. An epoch is
 * one step, and the only one; warm-ups keep their share of the run.
 */
final class SmallRuns {
    private static final int FILMS = 6;
    private static final int CLASSES = 3;
    private static final int BATCH = 4;
    private static final int CROP = 32;
    private static final int WIDTH = 16;

    private final Path folder;
    private final FilmsConfig labelled;
    private final FilmsConfig unlabelled;

    private SmallRuns(Path folder, FilmsConfig labelled, FilmsConfig unlabelled) {
        this.folder = folder;
        this.labelled = labelled;
        this.unlabelled = unlabelled;
    }

    /** With films of 3 s made in a folder. */
    static SmallRuns in(Path folder) {
        Path films = folder.resolve("films");
        Path list = EventFilmSet.singles(1, FILMS, CLASSES, EventFilm.Format.SMALL, 3).write(films);
        return new SmallRuns(folder, new FilmsConfig(list, " ", films.toString(), "", 0), new FilmsConfig(films, " ", "", "", 0));
    }

    BackboneConfig backbone(BackboneConfig full) {
        NetworkDescription.Backbone n = full.network();
        SlowConfig.Head head = new SlowConfig.Head(n.head().pool(), n.head().classes() == 0 ? 0 : CLASSES, n.head().dropout());
        NetworkDescription.Backbone network = new NetworkDescription.Backbone(n.stem(),
            n.stages().stream().map(stage -> new SlowConfig.Stage(1, stage.temporalKernel(), stage.spatialStride())).toList(), 4,
            n.res2Pool(), new SlowConfig.Clip(4, CROP, n.clip().samplingRate()), head, n.normEpsilon(), n.normMomentum(), n.zeroInitFinalNorm());
        return new BackboneConfig(network, Optional.empty(), phase(full.first()), full.further().map(this::phase));
    }

    private BackboneConfig.Phase phase(BackboneConfig.Phase full) {
        BackboneConfig.ObjectiveSettings o = full.objective();
        Optional<BackboneConfig.HeadSettings> head = o.head().map(h ->
            new BackboneConfig.HeadSettings(h.layers(), 8, 8, h.norm(), h.normMomentum()));
        BackboneConfig.TestSettings test = new BackboneConfig.TestSettings(Math.min(1, full.test().everyEpochs()), 3,
            full.test().temperature(), 2, full.test().crops(), CROP + 8);
        boolean needsLabels = o.kind() == BackboneConfig.ObjectiveKind.SUPERVISED || full.validation().isPresent();
        return new BackboneConfig.Phase(needsLabels ? labelled : unlabelled, full.validation().map(films -> labelled), 1, BATCH,
            full.microBatch() == 0 ? 0 : BATCH / 2, full.sampling(), full.maxGap(), full.augmentation().withSize(CROP + 4, CROP),
            new BackboneConfig.ObjectiveSettings(o.kind(), head, o.temperature(), 4 * BATCH, o.momentum(), o.annealMomentum()),
            optimizer(full.optimizer(), full.epochs()), new BackboneConfig.LoadingSettings(1, 1), test);
    }

    private static OptimizerConfig optimizer(OptimizerConfig full, int epochs) {
        return new OptimizerConfig(full.rule(), full.rate(), full.endRate(), full.schedule(), full.warmUpEpochs() / epochs,
            full.warmUpStart(), full.cosineAfterWarmUp(), full.momentum(), full.nesterov(), full.weightDecay(), full.normDecay(),
            full.decayBiases(), full.beta1(), full.beta2(), full.clip());
    }

    static MaskPredictionConfig contextualizer(MaskPredictionConfig full) {
        MaskPredictionConfig.ObjectiveSettings o = full.objective();
        return new MaskPredictionConfig(full.network().withSizes(WIDTH, WIDTH, 1, 2, 2 * WIDTH, full.network().maxLength()),
            full.window(), full.masks(),
            new MaskPredictionConfig.ObjectiveSettings(o.loss(), o.target(), o.targetMomentum(), o.temperature(), 64, o.enqueued(),
                o.excludeSameFilm()), optimizer(full.optimizer(), full.epochs()), 1, BATCH * full.window().perFilm());
    }

    /** Random features as long as those of the films that a run names: 9 of 10 s of VidSitu's, and a minute of any other film. */
    FeatureStore store(PretrainConfig config) {
        String source = config.features().map(settings -> settings.films().list()).or(config::store).orElseThrow().toString();
        int clips = source.contains("vidsitu") ? 9 : 60;
        Path place = folder.resolve("store-" + clips);
        try (FeatureWriter writer = FeatureStore.append(place, FeatureHeader.of("0".repeat(64), WIDTH, 1, 4, 0.1, CROP, "fp32", "cpu"))) {
            for (int film = 0; film < FILMS; film++) {
                HostArray features = HostArray.allocate(DType.F32, Shape.of(clips, WIDTH));
                Philox random = new Philox(7, film, 0);
                for (int i = 0; i < features.elements(); i++) {
                    features.set(i, random.normal(i));
                }
                writer.add(new Film("film-" + film, Path.of("film-" + film), Film.NO_LABEL), new FilmIdentity(1, Instant.EPOCH), features,
                    HostArray.allocate(DType.F64, Shape.of(clips)), "");
            }
        }
        return FeatureStore.open(place);
    }
}
