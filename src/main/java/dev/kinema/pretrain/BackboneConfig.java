package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.data.Augmentation;
import dev.kinema.data.ClipSampler;
import dev.kinema.data.ClipSampling;
import dev.kinema.data.DecreasingGap;
import dev.kinema.data.UniformStarts;
import dev.kinema.embed.NetworkDescription;
import dev.kinema.graph.Initializer;
import dev.kinema.model.ProjectionHead;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.BatchNorm;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * How the backbone is pretrained, stage one.
 *
 * @param network the backbone
 * @param weights where it starts, a file of Kinema's or a checkpoint that can be imported; empty to start at random
 * @param first on data A
 * @param further on data B, starting from what {@code first} made, as K400 and then VidSitu
 */
public record BackboneConfig(NetworkDescription.Backbone network, Optional<Path> weights, Phase first, Optional<Phase> further) {

    /**
     * Training on one set of films.
     *
     * @param films to learn from
     * @param validation films with labels, on which the network is tested; empty for none
     * @param epochs passes over the films
     * @param batch films per step
     * @param microBatch films computed at once, which divides {@code batch}; 0 for all
     * @param sampling when clips are taken
     * @param maxGap seconds between the starts of decreasing_gap's two clips at most; 0, CVRL's, for as many as the film has. For films of
     *     several scenes, whose clips would else mostly be of different ones
     * @param augmentation what is done to them
     * @param objective what is learned from them
     * @param optimizer how weights move
     * @param loading how films are decoded
     * @param test how the network is tested in between
     */
    public record Phase(FilmsConfig films, Optional<FilmsConfig> validation, int epochs, int batch, @Default("0") int microBatch,
        Sampling sampling, @Default("0") double maxGap, Augmentation augmentation, ObjectiveSettings objective, OptimizerConfig optimizer,
        @Default("{}") LoadingSettings loading, @Default("{}") TestSettings test) {
        public Phase {
            MaskPredictionConfig.atLeast("epochs", epochs, 1);
            MaskPredictionConfig.atLeast("batch", batch, 1);
            MaskPredictionConfig.atLeast("micro_batch", microBatch, 0);
            if (microBatch > 0 && batch % microBatch != 0) {
                throw new KinemaException("micro_batch is " + microBatch + ", which does not divide batch, " + batch);
            }
            if (objective.kind() == ObjectiveKind.MOCO && 2 * batch > objective.queue()) {
                throw new KinemaException("queue is " + objective.queue() + ", but a step enqueues " + 2 * batch + " keys: raise queue");
            }
            if (!(maxGap >= 0) || maxGap > 0 && sampling != Sampling.DECREASING_GAP) {
                throw new KinemaException("max_gap is " + maxGap + ", and sampling " + sampling.name().toLowerCase(Locale.ROOT)
                    + ": it must be seconds above 0 with decreasing_gap, or 0");
            }
            optimizer.rate(epochs);
        }

        /** Films computed at once. */
        int part() {
            return microBatch == 0 ? batch : microBatch;
        }
    }

    public BackboneConfig {
        check("first", network.config(), first);
        further.ifPresent(phase -> check("further", network.config(), phase));
    }

    /** What would else show only when the phase begins, which may be days later. */
    private static void check(String name, SlowConfig config, Phase phase) {
        if (phase.augmentation.size() != config.clip().crop()) {
            throw new KinemaException(name + ": its augmentation has size " + phase.augmentation.size() + ", but network.clip has crop "
                + config.clip().crop() + ": make them equal");
        }
        phase.objective.of(config);
        if (phase.objective.kind() == ObjectiveKind.SUPERVISED && phase.sampling == Sampling.DECREASING_GAP) {
            throw new KinemaException(name + ": its objective, supervised, takes one clip of a film, and sampling decreasing_gap gives two: "
                + "set sampling to uniform");
        }
    }

    /** When clips are taken. */
    public enum Sampling {
        /** Two clips whose distance has a density that falls linearly to 0 (CVRL). */
        DECREASING_GAP,
        /** Clips that start anywhere (PySlowFast). */
        UNIFORM
    }

    /** What is learned. */
    public enum ObjectiveKind {
        /** Contrast within the batch, both ways. */
        CVRL,
        /** Contrast against a queue of keys by a momentum encoder. */
        MOCO,
        /** Classes that the list gives. */
        SUPERVISED
    }

    /**
     * @param head projection head of cvrl and moco; if it is not given, {@link HeadSettings#CVRL} and {@link HeadSettings#MOCO}
     * @param temperature 0.1 in CVRL, in PySlowFast's MoCo and in the paper
     * @param queue K of moco
     * @param momentum of moco's second encoder at the start (PySlowFast: CONTRASTIVE.MOMENTUM)
     * @param annealMomentum whether it goes to 1 along half a cosine (PySlowFast: CONTRASTIVE.MOMENTUM_ANNEALING)
     */
    public record ObjectiveSettings(ObjectiveKind kind, Optional<HeadSettings> head,
        @Default("0.1") double temperature, @Default("65536") int queue, @Default("0.994") double momentum,
        @Default("true") boolean annealMomentum) {
        public ObjectiveSettings {
            if (!(temperature > 0)) {
                throw new KinemaException("temperature is " + temperature + ": it must be above 0");
            }
            if (!(momentum >= 0 && momentum <= 1)) {
                throw new KinemaException("momentum is " + momentum + ": it must be 0 to 1");
            }
            MaskPredictionConfig.atLeast("queue", queue, 1);
        }

        Objective of(SlowConfig config) {
            Slow network = new Slow(config);
            if (kind == ObjectiveKind.SUPERVISED && config.head().classes() < 2) {
                throw new KinemaException("kind is supervised, but the network has " + config.head().classes()
                    + " classes: set network.head.classes");
            }
            return switch (kind) {
                case CVRL -> new InBatchContrast(network, head.orElse(HeadSettings.CVRL).of(), temperature);
                case MOCO -> new QueueContrast(network, head.orElse(HeadSettings.MOCO).of(), temperature, queue);
                case SUPERVISED -> new Classification(network);
            };
        }
    }

    /**
     * The projection head: linear layers with ReLU between them.
     *
     * @param layers how many: 4 in CVRL, 3 in PySlowFast's MoCo
     * @param hidden width between them
     * @param width of the result
     * @param norm whether batch norm follows each layer but the last: true in CVRL, false in MoCo
     * @param normMomentum share of the batch in its running statistics: 0.003 in CVRL
     */
    public record HeadSettings(int layers, @Default("2048") int hidden, @Default("128") int width, boolean norm,
        @Default("0.003") double normMomentum) {
        static final HeadSettings CVRL = new HeadSettings(4, 2048, 128, true, 0.003);
        static final HeadSettings MOCO = new HeadSettings(3, 2048, 128, false, 0.003);

        public HeadSettings {
            MaskPredictionConfig.atLeast("layers", layers, 1);
            MaskPredictionConfig.atLeast("hidden", hidden, 1);
            MaskPredictionConfig.atLeast("width", width, 1);
            if (!(normMomentum >= 0 && normMomentum <= 1)) {
                throw new KinemaException("norm_momentum is " + normMomentum + ": it must be 0 to 1");
            }
        }

        ProjectionHead of() {
            return new ProjectionHead(layers, hidden, width, norm ? new BatchNorm(1e-5, normMomentum, Initializer.ONES) : null);
        }
    }

    /**
     * @param threads that decode and augment; 0 for one per processor
     * @param prefetch batches decoded ahead
     */
    public record LoadingSettings(@Default("0") int threads, @Default("2") int prefetch) {
        public LoadingSettings {
            MaskPredictionConfig.atLeast("threads", threads, 0);
            MaskPredictionConfig.atLeast("prefetch", prefetch, 1);
        }

        int count() {
            return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        }
    }

    /**
     * Tests in between, where there are labels. Contrastive training: nearest neighbours among the rows of the training films (PySlowFast's
     * online kNN); supervised: accuracy over several views of each validation film, at the end.
     *
     * @param everyEpochs epochs from test to test; 0 for none
     * @param neighbours k, 200 in PySlowFast
     * @param temperature of the votes, exp(similarity / temperature): 0.1 there
     * @param views of a film, in time (TEST.NUM_ENSEMBLE_VIEWS)
     * @param crops of a view, side by side (TEST.NUM_SPATIAL_CROPS)
     * @param crop their height and width, and the short side they are cut from (TEST.CROP_SIZE)
     */
    public record TestSettings(@Default("10") int everyEpochs, @Default("200") int neighbours, @Default("0.1") double temperature,
        @Default("10") int views, @Default("3") int crops, @Default("256") int crop) {
        public TestSettings {
            MaskPredictionConfig.atLeast("every_epochs", everyEpochs, 0);
            MaskPredictionConfig.atLeast("neighbours", neighbours, 1);
            if (!(temperature > 0)) {
                throw new KinemaException("temperature is " + temperature + ": it must be above 0");
            }
            MaskPredictionConfig.atLeast("views", views, 1);
            MaskPredictionConfig.atLeast("crop", crop, 1);
            if (crops != 1 && crops != 3) {
                throw new KinemaException("crops is " + crops + ": it must be 1 (the centre) or 3 (both ends, too)");
            }
        }
    }

    /** Where the clips of a film are for a phase. */
    ClipSampler sampler(Phase phase) {
        SlowConfig.Clip clip = network.clip();
        return switch (phase.sampling) {
            case DECREASING_GAP -> new DecreasingGap(clip.frames(), clip.samplingRate() / 30.0,
                phase.maxGap == 0 ? Double.POSITIVE_INFINITY : phase.maxGap);
            case UNIFORM -> new UniformStarts(phase.objective.kind() == ObjectiveKind.SUPERVISED ? 1 : 2,
                ClipSampling.of(clip.frames(), clip.samplingRate()));
        };
    }
}
