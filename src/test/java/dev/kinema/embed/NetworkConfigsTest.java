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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
}
