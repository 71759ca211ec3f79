package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.embed.NetworkDescription;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.pretrain.PretrainConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Fine-tuning on VidSitu: which dataset, from which networks, for which tasks. A task that is left out is not run.
 *
 * @param row where the results stand in the paper's tables; empty for nowhere
 * @param seed of the first run; the others have the seeds after it
 * @param device what computes
 * @param threads it computes with; 0 for one per processor
 * @param precision of the backbone; heads and transformers compute in float32
 * @param checkpoints how often a run is saved
 * @param dataset the clips
 * @param pretrain made first, with its own seed, and used where {@code backbone} and {@code contextualizer} name nothing else
 * @param backbone what sees events
 * @param features of all clips' events, made elsewhere, in place of those that the backbone would give: a store, or a folder of the toolkit's
 *     {@code CLIP_feats.npy}
 * @param contextualizer what sets events in context, for roles and relations; empty for each event alone
 * @param verbs task one: the backbone is trained with it
 * @param roles task two
 * @param relations task three
 */
public record FinetuneConfig(Optional<TableRow> row, @Default("1") long seed, @Default("cpu") String device, @Default("0") int threads,
    @Default("auto") PrecisionChoice precision, @Default("{}") PretrainConfig.CheckpointSettings checkpoints, DatasetConfig dataset,
    Optional<PretrainConfig> pretrain, Optional<BackboneStart> backbone, Optional<Path> features,
    Optional<ContextualizerStart> contextualizer, Optional<VerbsConfig> verbs, Optional<RolesConfig> roles,
    Optional<RelationsConfig> relations) {

    /**
     * Where a backbone comes from.
     *
     * @param weights a file of Kinema's or a checkpoint that can be imported
     * @param network drawn at random: from the run's own seed where it is trained, else from the first one
     */
    public record BackboneStart(Optional<Path> weights, Optional<NetworkDescription.Backbone> network) {
        public BackboneStart {
            if (weights.isPresent() == network.isPresent()) {
                throw new KinemaException("a backbone starts from weights or from a network drawn at random: give one of the two");
            }
        }
    }

    /**
     * Where a contextualizer comes from; with neither weights nor network from {@code pretrain}.
     *
     * @param weights a file of Kinema's
     * @param network drawn at random, from the run's seed
     * @param trained whether it is trained with the task; open in the paper, and the toolkit's true
     */
    public record ContextualizerStart(Optional<Path> weights, Optional<ContextualizerConfig> network, @Default("true") boolean trained) {
        public ContextualizerStart {
            if (weights.isPresent() && network.isPresent()) {
                throw new KinemaException("a contextualizer starts from weights or from a network drawn at random: leave out one of the two");
            }
        }

        boolean isPretrained() {
            return weights.isEmpty() && network.isEmpty();
        }
    }

    public FinetuneConfig {
        if (threads < 0) {
            throw new KinemaException("threads is " + threads + ": it must be 0 (all) or more");
        }
        if (verbs.isEmpty() && roles.isEmpty() && relations.isEmpty()) {
            throw new KinemaException("there is nothing to do: give verbs, roles or relations");
        }
        boolean made = pretrain.isPresent() && (pretrain.get().backbone().isPresent() || pretrain.get().weights().isPresent());
        if (verbs.isPresent() && backbone.isEmpty() && !made) {
            throw new KinemaException("verbs need a backbone to train: give backbone, or pretrain one");
        }
        boolean seen = relations.isPresent() || roles.isPresent() && roles.get().sees();
        if (seen && features.isEmpty() && backbone.isEmpty() && !made) {
            throw new KinemaException("events need features: give backbone or features, or pretrain a backbone");
        }
        if (features.isPresent() && !seen) {
            throw new KinemaException("features are given, and no task reads them: leave them out, or give roles or relations");
        }
        if (contextualizer.isPresent() && contextualizer.get().isPretrained()
                && (pretrain.isEmpty() || pretrain.get().contextualizer().isEmpty())) {
            throw new KinemaException("contextualizer names neither weights nor a network, and pretrain has none: give one of the three");
        }
    }
}
