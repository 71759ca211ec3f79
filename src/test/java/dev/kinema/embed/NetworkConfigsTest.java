package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.model.Contextualizer;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The files of {@code configs/networks} say what the constants of {@code model} say, and run. */
class NetworkConfigsTest {
    private static final Path FOLDER = Path.of("configs/networks");

    @Test
    void theyAreTheNetworksOfThePaper() {
        SlowConfig slow = NetworkDescription.read(FOLDER.resolve("slow-r50.yaml")).slow().orElseThrow().config();
        assertEquals(SlowConfig.SLOW_R50, slow);
        SlowConfig slowD = NetworkDescription.read(FOLDER.resolve("slow-d-r50.yaml")).slow().orElseThrow().config();
        assertEquals(SlowConfig.SLOW_D_R50.stages(), slowD.stages());
        assertEquals(SlowConfig.SLOW_D_R50.stem(), slowD.stem());
        assertEquals(SlowConfig.SLOW_D_R50.clip(), slowD.clip());
        assertEquals(ContextualizerConfig.TXE, NetworkDescription.read(FOLDER.resolve("txe.yaml")).contextualizer().orElseThrow());
    }

    @Test
    void everyOneBuildsAndRunsAtReducedSize() throws IOException {
        List<Path> files;
        try (Stream<Path> found = Files.list(FOLDER)) {
            files = found.toList();
        }
        assertTrue(files.size() >= 3, files.toString());
        for (Path file : files) {
            Graph graph = new Graph();
            NetworkDescription description = NetworkDescription.read(file);
            description.slow().ifPresent(s -> reduced(graph, s.config()));
            description.contextualizer().ifPresent(c -> reduced(graph, c));
            try (Device device = Device.open("cpu"); Weights weights = device.newWeights()) {
                weights.initialize(graph, 1);
                try (Program program = device.compile(graph, weights)) {
                    program.run();
                    for (double v : program.output("out").toDoubles()) {
                        assertTrue(Double.isFinite(v), file.toString());
                    }
                }
            }
        }
    }

    private static void reduced(Graph graph, SlowConfig config) {
        Value frames = graph.input("frames", DType.U8, Shape.of(1, config.clip().frames(), 32, 32, 3));
        Slow slow = new Slow(config.withWidth(4));
        graph.output("out", slow.feature(Pass.eval(graph), NormalizeFrames.of(frames, NormalizeFrames.KINETICS)));
    }

    private static void reduced(Graph graph, ContextualizerConfig config) {
        ContextualizerConfig small = config.withSizes(32, 32, config.layers(), config.heads(), 64, config.maxLength());
        Value features = graph.input("features", DType.F32, Shape.of(1, config.maxLength(), 32));
        graph.output("out", new Contextualizer(small).apply(Pass.eval(graph), features));
    }

    @Test
    void anUnknownKeyIsNamed(@TempDir Path folder) throws IOException {
        String text = Files.readString(FOLDER.resolve("txe.yaml")).replace("heads:", "head:");
        Path file = Files.writeString(folder.resolve("bad.yaml"), text);
        String message = assertThrows(KinemaException.class, () -> NetworkDescription.read(file)).getMessage();
        assertTrue(message.contains("bad.yaml") && message.contains("head") && message.contains("heads"), message);
    }

    /** A damaged file must not make us allocate without bound, overflow, or compute what is no number. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "slow-r50.yaml | crop: 224 | crop: 4097 | crop is 4097: it must be 1 to 4096",
        "slow-r50.yaml | crop: 224 | crop: 0 | crop is 0",
        "slow-r50.yaml | frames: 8 | frames: 1025 | frames is 1025: it must be 1 to 1024",
        "slow-r50.yaml | 'frames: 8, crop: 224' | 'frames: 43, crop: 4096' | crop * crop, is 2164260864: it must be 1 to 2147483647",
        "slow-r50.yaml | sampling_rate: 8 | sampling_rate: -1 | sampling_rate is -1",
        "slow-r50.yaml | blocks: 6 | blocks: 1001 | blocks is 1001",
        "slow-r50.yaml | spatial_stride: 1 | spatial_stride: 0 | spatial_stride is 0",
        "slow-r50.yaml | width: 64 | width: 65537 | width is 65537",
        "slow-r50.yaml | classes: 400 | classes: -1 | classes is -1",
        "slow-r50.yaml | dropout: 0.5 | dropout: 1.5 | dropout is 1.5",
        "slow-r50.yaml | norm_epsilon: 1e-5 | norm_epsilon: 0 | norm_epsilon is 0: it must be a number above 0",
        "slow-r50.yaml | norm_epsilon: 1e-5 | norm_epsilon: -1e-5 | norm_epsilon is -1.0E-5",
        "slow-r50.yaml | norm_momentum: 0.1 | norm_momentum: 2 | norm_momentum is 2",
        "txe.yaml | max_length: 5 | max_length: 65537 | max_length is 65537",
        "txe.yaml | layers: 3 | layers: 0 | layers is 0",
        "txe.yaml | heads: 16 | heads: 0 | heads is 0",
        "txe.yaml | feed_forward: 2048 | feed_forward: 100000 | feed_forward is 100000",
        "txe.yaml | input_scale: 1 | input_scale: 0 | input_scale is 0",
        "txe.yaml | attention_dropout: 0 | attention_dropout: -0.1 | attention_dropout is -0.1",
        "txe.yaml | initial_std: 0.02 | initial_std: -1 | initial_std is -1",
        "txe.yaml | norm_epsilon: 1e-5 | norm_epsilon: 0 | norm_epsilon is 0"})
    void sizesBeyondAnyNetworkAreRefused(String config, String good, String bad, String said, @TempDir Path folder) throws IOException {
        String text = Files.readString(FOLDER.resolve(config));
        assertTrue(text.contains(good), good);
        Path file = Files.writeString(folder.resolve("bad.yaml"), text.replaceFirst(Pattern.quote(good), bad));
        String message = assertThrows(KinemaException.class, () -> NetworkDescription.read(file)).getMessage();
        assertTrue(message.contains("bad.yaml") && message.contains(said), message);
    }
}
