package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.embed.PrecisionChoice;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A run of both levels: the backbone, features of films by it, the contextualizer on these. A part that is left out is not run.
 *
 * @param seed everything random is drawn from
 * @param device what computes
 * @param threads it computes with; 0 for one per processor
 * @param precision of the networks
 * @param checkpoints how often a run is saved
 * @param backbone stage one
 * @param weights a backbone made elsewhere, in place of stage one
 * @param features stage two
 * @param store features made elsewhere, in place of stage two
 * @param contextualizer stage three
 */
public record PretrainConfig(@Default("1") long seed, @Default("cpu") String device, @Default("0") int threads,
    @Default("auto") PrecisionChoice precision, @Default("{}") CheckpointSettings checkpoints, Optional<BackboneConfig> backbone,
    Optional<Path> weights, Optional<FeatureSettings> features, Optional<Path> store, Optional<MaskPredictionConfig> contextualizer) {

    /**
     * @param everySteps steps from checkpoint to checkpoint; 0 for by time only
     * @param everyMinutes minutes from checkpoint to checkpoint; 0 for by steps only
     * @param keep how many are kept, the newest
     */
    public record CheckpointSettings(@Default("0") int everySteps, @Default("10") double everyMinutes, @Default("3") int keep) {
        public CheckpointSettings {
            MaskPredictionConfig.atLeast("every_steps", everySteps, 0);
            MaskPredictionConfig.atLeast("keep", keep, 1);
            if (!(everyMinutes >= 0)) {
                throw new KinemaException("every_minutes is " + everyMinutes + ": it must be 0 or more");
            }
        }
    }

    /**
     * Features of the films that the contextualizer learns from.
     *
     * @param films data C
     * @param hop seconds from clip to clip: at 1, sequences of events 1, 2 or 3 s apart can be cut from them
     * @param batch clips computed at once
     * @param padShort whether a film shorter than a clip has one feature all the same
     */
    public record FeatureSettings(FilmsConfig films, @Default("1") double hop, @Default("1") int batch, @Default("false") boolean padShort) {
        public FeatureSettings {
            if (!(hop > 0 && hop < 3600)) {
                throw new KinemaException("hop is " + hop + ": it must be a number of seconds above 0");
            }
            MaskPredictionConfig.atLeast("batch", batch, 1);
        }
    }

    public PretrainConfig {
        if (threads < 0) {
            throw new KinemaException("threads is " + threads + ": it must be 0 (all) or more");
        }
        if (backbone.isPresent() && weights.isPresent()) {
            throw new KinemaException("weights and backbone are both given: leave out weights, or name them in backbone.weights to start from");
        }
        if (features.isPresent() && store.isPresent()) {
            throw new KinemaException("store and features are both given: leave out one");
        }
        if (features.isPresent() && backbone.isEmpty() && weights.isEmpty()) {
            throw new KinemaException("features need a backbone: give backbone or weights");
        }
        if (contextualizer.isPresent() && features.isEmpty() && store.isEmpty()) {
            throw new KinemaException("contextualizer needs features: give features or store");
        }
        if (backbone.isEmpty() && features.isEmpty() && contextualizer.isEmpty()) {
            throw new KinemaException("there is nothing to do: give backbone, features or contextualizer");
        }
        features.ifPresent(settings -> contextualizer.ifPresent(next -> fit(settings, next, backbone)));
    }

    /** What would else show only when the stages before are done. */
    private static void fit(FeatureSettings features, MaskPredictionConfig contextualizer, Optional<BackboneConfig> backbone) {
        double hops = contextualizer.window().stride() / features.hop();
        if (Math.abs(hops - Math.rint(hops)) > 1e-9 * hops || hops < 0.5) {
            throw new KinemaException("contextualizer has a window with a stride of " + contextualizer.window().stride()
                + " s, but features has a hop of " + features.hop() + " s: choose a stride that is a multiple of the hop");
        }
        int needed = contextualizer.network().inputWidth();
        backbone.map(settings -> settings.network().config().featureWidth()).filter(width -> width != needed).ifPresent(width -> {
            throw new KinemaException("contextualizer has a network with input_width " + needed + ", but the backbone's features have width "
                + width + ": set input_width to " + width);
        });
    }

    /**
     * Reads all lists of films, so that what a later stage lacks is missed now and not in days.
     *
     * @throws KinemaException if a list cannot be read, or has fewer films than a batch
     */
    void requireFilms() {
        backbone.ifPresent(settings -> Stream.concat(Stream.of(settings.first()), settings.further().stream()).forEach(phase -> {
            phase.films().requireBatch(phase.batch(), 1);
            phase.validation().ifPresent(FilmsConfig::read);
        }));
        features.ifPresent(settings -> contextualizer.ifPresentOrElse(
            next -> settings.films().requireBatch(next.batch(), next.window().perFilm()), settings.films()::read));
    }
}
