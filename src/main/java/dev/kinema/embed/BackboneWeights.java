package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.Version;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.CheckpointMetadata;
import dev.kinema.checkpoint.ImportedCheckpoint;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.checkpoint.StateMatch;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Variable;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A backbone's configuration and weights, read from a file or drawn at random.
 *
 * @param source the file, or what stands for it
 * @param config the network; {@code classes} of its head is 0 where it has no classifier
 * @param tensors every variable of the network but, perhaps, batch norm's counters
 * @param origin where the numbers come from, in words; may be empty
 */
public record BackboneWeights(Path source, SlowConfig config, Map<String, HostArray> tensors, String origin) {

    /**
     * Reads a checkpoint of Kinema's or of other software. Files of Kinema's say which network they are of; of others it is inferred from
     * the tensors, and the clips' length and size from PySlowFast's configuration, if that is in the file, else from the published network.
     *
     * @throws KinemaException if the file cannot be read, is of no Slow network, or lacks or has anything beyond the network's variables
     */
    public static BackboneWeights read(Path file) {
        ImportedCheckpoint checkpoint = CheckpointImport.read(file);
        SlowConfig config = config(checkpoint);
        Map<String, HostArray> tensors = matched(file, variables(config), checkpoint);
        return new BackboneWeights(file, config, tensors, WeightsOrigin.of(checkpoint.metadata()));
    }

    static Map<String, HostArray> matched(Path file, Map<String, Shape> variables, ImportedCheckpoint checkpoint) {
        StateMatch match = StateMatch.of(variables, checkpoint.tensors());
        if (!match.isComplete()) {
            throw new KinemaException(file + ": does not fit its network: " + match.report()
                + ": name other weights, or see with 'kinema import --list' what can be made of these");
        }
        return match.matched();
    }

    /**
     * Which backbone a checkpoint is of.
     *
     * @throws KinemaException if it is of none, or describes itself wrongly
     */
    public static SlowConfig config(ImportedCheckpoint checkpoint) {
        Path file = checkpoint.path();
        if (!CheckpointMetadata.isPresent(checkpoint.metadata())) {
            SlowConfig config = SlowShapes.infer(file, checkpoint.tensors());
            return NetworkDescription.checked(file, checkpoint.config().map(yaml -> PySlowFastSettings.apply(config, yaml)).orElse(config));
        }
        CheckpointMetadata metadata = CheckpointMetadata.of(file, checkpoint.metadata());
        SlowConfig config = NetworkDescription.parse(file, metadata.model()).slow().orElseThrow(() -> new KinemaException(file
            + ": holds a contextualizer, not a backbone: give it as the contextualizer's weights (--txe)")).config();
        SlowConfig.Clip clip = config.clip();
        if (clip.frames() != metadata.clipFrames() || clip.samplingRate() != metadata.frameInterval()) {
            throw new KinemaException(file + ": its metadata says clips of " + metadata.clipFrames() + " frames every "
                + metadata.frameInterval() + ", its model's configuration " + clip.frames() + " every " + clip.samplingRate()
                + ": save it again");
        }
        return config;
    }

    /** An untrained network: weights drawn as for the start of training, but with every residual branch taking part. */
    public static BackboneWeights random(SlowConfig config, long seed) {
        SlowConfig whole = config.withZeroInitFinalNorm(false);
        Map<String, HostArray> tensors = draw(graph(whole), seed);
        return new BackboneWeights(Path.of("random"), whole, tensors, WeightsOrigin.random(seed));
    }

    static Map<String, HostArray> draw(Graph graph, long seed) {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        for (Variable v : graph.declarations()) {
            HostArray array = HostArray.allocate(v.type().dtype(), v.type().shape());
            Philox stream = Philox.named(seed, v.name());
            for (int i = 0; i < array.elements(); i++) {
                array.set(i, v.initializer().element(stream, i));
            }
            tensors.put(v.name(), array);
        }
        return tensors;
    }

    /** Whether the network was never trained: its features are those of chance. */
    public boolean isRandom() {
        return WeightsOrigin.isRandom(origin);
    }

    /** Names and shapes of all variables of a network, its classifier's included. */
    public static Map<String, Shape> variables(SlowConfig config) {
        return shapes(graph(config));
    }

    static Map<String, Shape> shapes(Graph graph) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (Variable v : graph.declarations()) {
            shapes.put(v.name(), v.type().shape());
        }
        return shapes;
    }

    private static Graph graph(SlowConfig config) {
        Graph graph = new Graph();
        Pass pass = Pass.eval(graph);
        Slow slow = new Slow(config);
        SlowConfig.Clip clip = config.clip();
        Value map = slow.map(pass, graph.input("clips", DType.F32, Shape.of(1, clip.frames(), clip.crop(), clip.crop(), 3)));
        if (config.head().classes() > 0) {
            slow.logits(pass, slow.positions(map));
        }
        return graph;
    }

    /** Puts the weights where a program can use them. */
    void copyTo(Weights weights) {
        tensors.forEach(weights::put);
    }

    /**
     * Writes a safetensors file that says which network it is of, atomically.
     *
     * @param seed of the run that made the weights, 0 if there is none
     */
    public void write(Path destination, long seed, long step) {
        SlowConfig.Clip clip = config.clip();
        Map<String, String> metadata = new LinkedHashMap<>(new CheckpointMetadata(NetworkDescription.of(config), clip.frames(),
            clip.samplingRate(), MovieEncoderConfig.DEFAULT_HOP, seed, step, Version.CURRENT).toMap());
        metadata.put(WeightsOrigin.KEY, origin);
        Safetensors.write(destination, tensors, metadata);
    }
}
