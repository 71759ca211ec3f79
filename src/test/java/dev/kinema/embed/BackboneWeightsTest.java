package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.CheckpointMetadata;
import dev.kinema.checkpoint.Inflation;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Extent;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Which network a file is of: by its metadata, by its shapes, and what is said where it is of none. */
class BackboneWeightsTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden", "slow");

    @TempDir
    Path folder;

    @Test
    void randomWeightsSayWhatTheyAre() {
        BackboneWeights read = BackboneWeights.read(TinyNetwork.backbone(folder));
        assertEquals(TinyNetwork.config().withZeroInitFinalNorm(false), read.config());
        assertTrue(read.isRandom());
        assertEquals(BackboneWeights.variables(TinyNetwork.config()).keySet(), read.tensors().keySet());
        ContextualizerWeights context = ContextualizerWeights.read(TinyNetwork.contextualizer(folder));
        assertEquals(TinyNetwork.contextualizer(), context.config());
        assertTrue(context.isRandom() && context.tensors().containsKey("mask_token"));
    }

    @Test
    void seedsDecideRandomWeights() {
        Map<String, HostArray> five = BackboneWeights.random(TinyNetwork.config(), 5).tensors();
        Map<String, HostArray> again = BackboneWeights.random(TinyNetwork.config(), 5).tensors();
        Map<String, HostArray> six = BackboneWeights.random(TinyNetwork.config(), 6).tensors();
        String stem = "s1.pathway0_stem.conv.weight";
        assertEquals(five.get(stem).buffer(), again.get(stem).buffer());
        assertFalse(five.get(stem).buffer().equals(six.get(stem).buffer()));
    }

    @Test
    void everySettingSurvivesTheMetadata() {
        SlowConfig odd = SlowConfig.slow(101).withWidth(3).withRes2Pool(new Extent(2, 1, 1)).withClip(new SlowConfig.Clip(9, 96, 5));
        assertEquals(odd, NetworkDescription.parse("x", NetworkDescription.of(odd)).slow().orElseThrow().config());
        ContextualizerConfig context = ContextualizerConfig.TXE.withProjection(ContextualizerConfig.Projection.MLP)
            .withPositions(ContextualizerConfig.Positions.SINUSOID, 32).withDropout(0.25, 0.125, 1e-3);
        assertEquals(context, NetworkDescription.parse("x", NetworkDescription.of(context)).contextualizer().orElseThrow());
    }

    @Test
    void networksOfOtherSoftwareAreToldByTheirShapes() {
        BackboneWeights slow = BackboneWeights.read(GOLDEN.resolve("slow_r50_w8.pyth"));
        assertEquals(SlowConfig.SLOW_R50.withWidth(8).withClip(new SlowConfig.Clip(8, 64, 8)), slow.config());
        assertFalse(slow.isRandom());
        BackboneWeights slowD = BackboneWeights.read(GOLDEN.resolve("slowd_r50_w6.pyth"));
        assertEquals(SlowConfig.SLOW_D_R50.withWidth(6).withClip(new SlowConfig.Clip(16, 64, 4))
            .withHead(new SlowConfig.Head(SlowConfig.Pool.CROP, 60, 0.5)), slowD.config());
    }

    /** Without PySlowFast's configuration the clips are those of the published network. */
    @Test
    void plainStateDictionariesAreTheBackbonesOfPublishedClips() {
        Map<String, HostArray> tensors = new LinkedHashMap<>(BackboneWeights.random(TinyNetwork.config(), 1).tensors());
        tensors.keySet().removeIf(name -> name.startsWith("head.") || name.endsWith("num_batches_tracked"));
        Path file = folder.resolve("plain.safetensors");
        Safetensors.write(file, tensors, Map.of("format", "pt"));
        SlowConfig config = BackboneWeights.read(file).config();
        assertEquals(new SlowConfig.Clip(16, 224, 4), config.clip());
        assertEquals(0, config.head().classes());
        assertEquals(TinyNetwork.FEATURE, config.featureWidth());
    }

    private String refusal(Consumer<Map<String, HostArray>> change) {
        Map<String, HostArray> tensors = new LinkedHashMap<>(BackboneWeights.random(TinyNetwork.config(), 1).tensors());
        change.accept(tensors);
        Path file = folder.resolve("changed.safetensors");
        Safetensors.write(file, tensors, Map.of());
        String message = assertThrows(KinemaException.class, () -> BackboneWeights.read(file)).getMessage();
        assertTrue(message.contains("changed.safetensors"), message);
        return message;
    }

    private static HostArray zeros(int... dims) {
        return HostArray.allocate(DType.F32, Shape.of(dims));
    }

    @Test
    void whatDoesNotFitIsListed() {
        String message = refusal(tensors -> {
            tensors.put("s4.pathway0_res0.branch2.b.weight", zeros(16, 16, 1, 5, 5));
            tensors.remove("s2.pathway0_res0.branch1_bn.bias");
            tensors.put("s9.surprise", zeros(1));
        });
        assertTrue(message.contains("s4.pathway0_res0.branch2.b.weight is [16, 16, 1, 5, 5], expected [16, 16, 1, 3, 3]"), message);
        assertTrue(message.contains("1 missing (s2.pathway0_res0.branch1_bn.bias)"), message);
        assertTrue(message.contains("1 unexpected (s9.surprise)"), message);
    }

    @Test
    void otherNetworksAreNamed() {
        assertTrue(refusal(tensors -> tensors.put("s1.pathway0_stem.conv.weight", zeros(4, 3, 3, 7, 7))).contains("3x7x7"));
        assertTrue(refusal(tensors -> tensors.put("s1.pathway1_stem.conv.weight", zeros(1))).contains("two pathways"));
        assertTrue(refusal(Map::clear).contains("0 tensors"));
        assertTrue(refusal(tensors -> tensors.put("s1.pathway0_stem.conv.weight", zeros(7))).contains("no kernel"));
        assertTrue(refusal(tensors -> tensors.put("head.projection.weight", zeros())).contains("head.projection"));
    }

    private KinemaException described(String model, int frames) {
        Path file = folder.resolve("described.safetensors");
        Safetensors.write(file, BackboneWeights.random(TinyNetwork.config(), 1).tensors(),
            new CheckpointMetadata(model, frames, 4, 2, 0, 0, "test").toMap());
        return assertThrows(KinemaException.class, () -> BackboneWeights.read(file));
    }

    @Test
    void descriptionsAreReadStrictly() {
        String model = NetworkDescription.of(TinyNetwork.config());
        String typo = described(model.replace("\"crop\"", "\"crops\""), 16).getMessage();
        assertTrue(typo.contains("crops") && typo.contains("did you mean crop?") && typo.contains("described.safetensors"), typo);
        assertTrue(described(model.replace("\"blocks\":2", "\"blocks\":2000000000"), 16).getMessage().contains("blocks"));
        assertTrue(described(model.replace("\"width\":4", "\"width\":5"), 16).getMessage().contains("of another shape"));
        assertTrue(described(model, 8).getMessage().contains("clips of 8 frames"));
        assertTrue(described("{}", 16).getMessage().contains("slow and contextualizer"));
        assertTrue(described("{\"slow\": 3}", 16).getMessage().contains("slow"));
    }

    @Test
    void contextualizersAreToldFromBackbones() {
        Path backbone = TinyNetwork.backbone(folder);
        Path context = TinyNetwork.contextualizer(folder);
        Path golden = GOLDEN.resolve("slow_r50_w8.pyth");
        assertTrue(message(() -> BackboneWeights.read(context)).contains("holds a contextualizer"));
        assertTrue(message(() -> ContextualizerWeights.read(backbone)).contains("holds a backbone"));
        assertTrue(message(() -> ContextualizerWeights.read(golden)).contains("does not say"));
    }

    private static String message(Executable refused) {
        return assertThrows(KinemaException.class, refused).getMessage();
    }

    @Test
    void anImageNetworkIsInflated() {
        Map<String, HostArray> image = new LinkedHashMap<>();
        BackboneWeights.random(SlowConfig.slow(26).withWidth(2), 1).tensors().forEach((name, tensor) -> {
            Shape s = tensor.shape();
            image.put(name, s.rank() == 5 ? zeros(s.dim(0), s.dim(1), s.dim(3), s.dim(4)) : tensor);
        });
        Path file = folder.resolve("image.safetensors");
        Safetensors.write(file, image, Map.of());
        BackboneImport repeated =
            BackboneImport.of(CheckpointImport.read(file), BackboneImport.Model.SLOW_D, Inflation.REPEAT, null, null, 64);
        assertTrue(repeated.match().isComplete(), repeated.match().report());
        assertEquals(3, repeated.config().stages().get(3).temporalKernel());
        assertEquals(new SlowConfig.Clip(16, 64, 4), repeated.config().clip());
        assertTrue(repeated.weights(BackboneImport.Leniency.STRICT, 0).origin().contains("inflated"));
        assertThrows(KinemaException.class, () -> BackboneWeights.read(file));
    }
}
