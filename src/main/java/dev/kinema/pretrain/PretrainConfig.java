package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.embed.PrecisionChoice;
import java.nio.file.Path;
import java.util.Optional;

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
    public record FeatureSettings(FilmsConfig films, @Default("1") double hop, @Default("1") int batch, @Default("false") boolean padShort) {}

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
    }
}
