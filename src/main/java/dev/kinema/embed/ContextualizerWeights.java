package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.Version;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.CheckpointMetadata;
import dev.kinema.checkpoint.ImportedCheckpoint;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.Contextualizer;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A contextualizer's configuration and weights, read from a file or drawn at random.
 *
 * @param source the file, or what stands for it
 * @param tensors every variable of the network; the {@code mask_token}, which only training uses, may be among them
 * @param origin where the numbers come from, in words; may be empty
 * @param training what it was trained on; empty where it was not, or that is not known
 */
public record ContextualizerWeights(Path source, ContextualizerConfig config, Map<String, HostArray> tensors, String origin,
    Optional<ContextualizerTraining> training) {
    private static final String MASK_TOKEN = "mask_token";

    /**
     * Reads a file of Kinema's: other software has no contextualizer to import.
     *
     * @throws KinemaException if the file cannot be read, does not say which network it is of, is of another one, or lacks or has anything
     *     beyond the network's variables
     */
    public static ContextualizerWeights read(Path file) {
        ImportedCheckpoint checkpoint = CheckpointImport.read(file);
        if (!CheckpointMetadata.isPresent(checkpoint.metadata())) {
            throw new KinemaException(file + ": does not say which contextualizer it holds: name a file that Kinema wrote");
        }
        CheckpointMetadata metadata = CheckpointMetadata.of(file, checkpoint.metadata());
        ContextualizerConfig config = NetworkDescription.parse(file, metadata.model()).contextualizer().orElseThrow(() ->
            new KinemaException(file + ": holds a backbone, not a contextualizer: give it as the backbone's weights (--weights)"));
        boolean masking = checkpoint.tensors().containsKey(MASK_TOKEN);
        Map<String, HostArray> tensors = BackboneWeights.matched(file, BackboneWeights.shapes(graph(config, masking)), checkpoint);
        return new ContextualizerWeights(file, config, tensors, WeightsOrigin.of(checkpoint.metadata()),
            ContextualizerTraining.of(file, checkpoint.metadata()));
    }

    /** An untrained network: weights drawn as for the start of training. */
    public static ContextualizerWeights random(ContextualizerConfig config, long seed) {
        return new ContextualizerWeights(Path.of("random"), config, BackboneWeights.draw(graph(config, true), seed),
            WeightsOrigin.random(seed), Optional.empty());
    }

    /**
     * What the contextualizer in a file was trained on, without reading its weights; empty where the file does not say.
     *
     * @throws KinemaException if the file cannot be read
     */
    public static Optional<ContextualizerTraining> trainingOf(Path file) {
        try (Safetensors open = Safetensors.open(file)) {
            return ContextualizerTraining.of(file, open.metadata());
        }
    }

    /** Whether the network was never trained. */
    public boolean isRandom() {
        return WeightsOrigin.isRandom(origin);
    }

    private static Graph graph(ContextualizerConfig config, boolean masking) {
        Graph graph = new Graph();
        Pass pass = Pass.eval(graph);
        Contextualizer network = new Contextualizer(config);
        Value tokens = network.tokens(pass, graph.input("features", DType.F32, Shape.of(1, config.maxLength(), config.inputWidth())));
        if (masking) {
            tokens = network.masked(pass, tokens, graph.input("mask", DType.U8, Shape.of(1, config.maxLength())));
        }
        network.encode(pass, tokens, null);
        return graph;
    }

    void copyTo(Weights weights) {
        tensors.forEach(weights::put);
    }

    /**
     * Writes a safetensors file that says which network it is of, atomically.
     *
     * @param clip of the backbone whose features it is for
     * @param seed of the run that made the weights
     */
    public void write(Path destination, SlowConfig.Clip clip, long seed, long step) {
        Map<String, String> metadata = new LinkedHashMap<>(new CheckpointMetadata(NetworkDescription.of(config), clip.frames(),
            clip.samplingRate(), training.map(ContextualizerTraining::stride).orElse(MovieEncoderConfig.DEFAULT_HOP),
            seed, step, Version.CURRENT).toMap());
        metadata.put(WeightsOrigin.KEY, origin);
        training.ifPresent(known -> metadata.putAll(known.toMap()));
        Safetensors.write(destination, tensors, metadata);
    }
}
