package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.device.cpu.CpuDevice;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileCommandTest {
    private static final SlowConfig SLOW = SlowConfig.slowD(26).withWidth(8).withClip(new SlowConfig.Clip(4, 32, 4))
        .withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 5, 0.5));
    private static final ContextualizerConfig TXE = ContextualizerConfig.TXE.withSizes(24, 16, 2, 4, 32, 5);
    private static final Pattern SHARE = Pattern.compile("(?m)^ *[\\d.]+ +([\\d.]+)% (.*)$");

    /** Its megabytes, and the shape that is pooled. */
    private static final Pattern LAST_CONVOLUTION = Pattern.compile("(?m)^ *[\\d.]+ +[\\d.]+% +[\\d.]+ +([\\d.]+) .*%\\d+ FusedConv3d = Conv3d .* -> "
        + "F32 \\[1, 2, 1, 1, 256]: .*# s5/pathway0_res1$");

    @TempDir
    Path folder;

    private Path slow() {
        Path file = folder.resolve("slow.safetensors");
        BackboneWeights.random(SLOW, 1).write(file, 1, 0);
        return file;
    }

    /** The lines of one of the three tables. */
    private static String table(String out, String head) {
        String below = out.substring(out.indexOf("  " + head + System.lineSeparator()));
        return below.substring(0, below.indexOf("a run") + 5);
    }

    private static double shares(String table) {
        return SHARE.matcher(table).results().filter(line -> !line.group(2).endsWith("  a run"))
            .mapToDouble(line -> Double.parseDouble(line.group(1))).sum();
    }

    @Test
    void aNodeHasALineAndSharesAddUp() throws IOException {
        Path html = folder.resolve("p.html");
        Path trace = folder.resolve("p.json");
        String out = CommandRun.of("profile", "--weights", slow(), "--runs", 2, "--threads", 1, "--html", html, "--trace", trace).done().out();
        assertTrue(out.startsWith("backbone, inference of 1 clip of 4x32x32, cpu (1 thread"), out);
        String nodes = table(out, "node");
        assertEquals(29, nodes.lines().filter(line -> line.contains(" FusedConv3d = Conv3d + BatchNormInference")).count(), nodes);
        Matcher last = LAST_CONVOLUTION.matcher(nodes);
        assertTrue(last.find(), nodes);
        // 1x1x1 from 64 to 256 channels at two places: input, weights, bias, shortcut and output, 4 bytes each; three digits are printed
        assertEquals(4e-6 * (2 * 64 + 64 * 256 + 256 + 2 * 256 + 2 * 256), Double.parseDouble(last.group(1)), 5.1e-4, nodes);
        long lines = SHARE.matcher(nodes).results().count();
        // each line is off by less than a twentieth of a percent
        assertEquals(100, shares(nodes), 0.05 * lines, nodes);
        assertEquals(100, shares(table(out, "operation (nodes)")), 0.05 * lines, out);
        assertTrue(nodes.contains("# s2/pathway0_res0"), nodes);
        assertTrue(out.contains("measured limits: ") && out.contains("p.html: ") && out.contains("p.json: "), out);
        String page = Files.readString(html);
        assertTrue(page.contains("Kinema profile") && page.contains("pathway0_res1"));
        checkTrace(trace, 2);
    }

    @Test
    void int8IsCalibratedOnTheInput() {
        assumeTrue(CpuDevice.hasInt8(), "this processor has no VNNI");
        String out = CommandRun.of("profile", "--weights", slow(), "--runs", 1, "--threads", 1, "--precision", "int8").done().out();
        assertEquals(29, table(out, "node").lines().filter(line -> line.contains("int8 conv")).count(), out);
        assertTrue(out.contains("(a matrix product in int8)"), out);
        CommandRun.of("profile", "--weights", slow(), "--precision", "int8", "--train").failed(ExitCode.FAILED, "int8", "bf16");
    }

    /** Events of the one thread nest: each lies in the one that is open, or begins when that is over. */
    private static void checkTrace(Path trace, int runs) throws IOException {
        List<JsonObject> events = new ArrayList<>();
        JsonParser.parseString(Files.readString(trace)).getAsJsonObject().getAsJsonArray("traceEvents")
            .forEach(event -> events.add(event.getAsJsonObject()));
        assertEquals(2, events.stream().filter(e -> e.get("ph").getAsString().equals("M")).count());
        events.removeIf(e -> e.get("ph").getAsString().equals("M"));
        assertEquals(runs, events.stream().filter(e -> e.get("cat").getAsString().equals("run")).count());
        List<JsonObject> convolutions = events.stream().filter(e -> e.get("cat").getAsString().equals("FusedConv3d")).toList();
        assertEquals(29L * runs, convolutions.size());
        assertEquals("F32 [1, 2, 16, 16, 8]", convolutions.get(0).getAsJsonObject("args").get("shape").getAsString());
        events.sort((a, b) -> {
            int order = Double.compare(a.get("ts").getAsDouble(), b.get("ts").getAsDouble());
            return order != 0 ? order : Double.compare(b.get("dur").getAsDouble(), a.get("dur").getAsDouble());
        });
        Deque<Double> open = new ArrayDeque<>();
        for (JsonObject e : events) {
            double begun = e.get("ts").getAsDouble();
            double ended = begun + e.get("dur").getAsDouble();
            // of microseconds a thousandth is written: the sum is off by the rounding of doubles
            while (!open.isEmpty() && open.peek() <= begun + 1e-4) {
                open.pop();
            }
            assertTrue(begun >= 0 && (open.isEmpty() || ended <= open.peek() + 1e-4), e::toString);
            open.push(ended);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"supervised", "cvrl", "moco", ""})
    void stepsOfABackbone(String step) {
        Object[] args = {"profile", "--weights", slow(), "--runs", 1, "--batch", 2, "--threads", 1, "--train"};
        List<Object> all = new ArrayList<>(List.of(args));
        if (!step.isEmpty()) {
            all.add(step);
        }
        String out = CommandRun.of(all.toArray()).done().out();
        String title = step.isEmpty() || step.equals("supervised") ? "supervised step over 2 clips" : step.toUpperCase(Locale.ROOT)
            + " step over 2 films";
        assertTrue(out.startsWith("backbone, " + title), out);
        for (String operation : List.of("Conv3dWeightGradient", "BatchNormGradient", "Sgd")) {
            assertTrue(table(out, "operation (nodes)").contains("  " + operation + " ("), out);
        }
        assertTrue(table(out, "scope (nodes)").contains("backward ("), out);
        assertEquals(step.equals("moco"), out.contains("RingEnqueue"), out);
        assertEquals(step.equals("cvrl"), out.contains("InBatchInfoNce "), out);
    }

    @Test
    void aContextualizerInferredAndTrained() {
        Path file = folder.resolve("txe.safetensors");
        ContextualizerWeights.random(TXE, 1).write(file, SLOW.clip(), 1, 0);
        String out = CommandRun.of("profile", "--txe", file, "--runs", 1, "--threads", 1, "--top", 3).done().out();
        assertTrue(out.startsWith("contextualizer, inference of 8 windows of 5 events"), out);
        assertEquals(3 + 2, SHARE.matcher(table(out, "node")).results().count(), "three nodes, the rest, the run");
        out = CommandRun.of("profile", "--txe", file, "--runs", 1, "--threads", 1, "--batch", 4, "--train").done().out();
        assertTrue(out.startsWith("contextualizer, mask prediction step over 4 sequences") && out.contains("InfoNceGradient"), out);
    }

    @Test
    void aDescribedNetworkAndWhatIsWrong() throws IOException {
        Path config = Path.of("configs", "networks", "txe.yaml");
        String out = CommandRun.of("profile", "--config", config, "--runs", 1, "--top", 1).done().out();
        assertFalse(out.contains("NaN"), out);
        CommandRun.of("profile", "--config", config, "--train", "cvrl").failed(ExitCode.USAGE, "--train cvrl", "masks");
        CommandRun.of("profile", "--config", config, "--train", "twice").failed(ExitCode.USAGE, "'twice'", "supervised");
        CommandRun.of("profile", "--config", config, "--runs", 0).failed(ExitCode.USAGE, "--runs");
        CommandRun.of("profile").failed(ExitCode.USAGE, "--weights");
        Path plain = folder.resolve("plain.safetensors");
        BackboneWeights.random(SLOW.withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 0, 0)), 1).write(plain, 1, 0);
        CommandRun.of("profile", "--weights", plain, "--train", "supervised").failed(ExitCode.FAILED, "supervised", "classes");
    }
}
