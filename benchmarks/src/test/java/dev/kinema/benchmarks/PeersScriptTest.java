package dev.kinema.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code benchmarks/gpu/peers.py} would time for a file of kinema-lab's; this needs python3 and no PyTorch. */
class PeersScriptTest {
    private static final String CONV = "n=8 t=8 h=28 w=28 i=512 o=256 kt=3 kh=1 kw=1 st=1 sh=1 sw=1 pt=1 ph=0 pw=0";
    private static final String ATTENTION = "batch=2048 queries=5 keys=5 heads=16 depth=64 causal=0 masked=0 dropout%=0";

    @TempDir
    private Path folder;

    /** One line, as native/lab/timing.cc writes it. */
    private static String timing(String kernel, String shape, int variant, double microseconds) {
        return "{\"kernel\": \"" + kernel + "\", \"dtype\": \"bf16\", \"shape\": \"" + shape + "\", \"variant\": " + variant
            + ", \"median_us\": " + microseconds + ", \"p90_us\": " + microseconds
            + ", \"samples\": 5, \"calls\": 9, \"flops\": 1, \"bytes\": 1, \"least_us\": 1.000, \"share\": 0.1}";
    }

    private String dryRun(List<String> timings) throws IOException, InterruptedException {
        Path script = ModuleFolder.resolve("gpu/peers.py");
        Path lab = folder.resolve("lab.json");
        Files.writeString(lab, "{\"timings\": [" + String.join(",\n", timings) + "]}");
        Path printed = folder.resolve("printed");
        Process process;
        try {
            process = new ProcessBuilder("python3", "-B", script.toString(), lab.toString(), "--out", folder.resolve("peers").toString(),
                "--dry-run").redirectErrorStream(true).redirectOutput(printed.toFile()).start();
        } catch (IOException e) {
            assumeTrue(false, "python3 is not there: " + e.getMessage());
            throw e;
        }
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the script does not end");
        String text = Files.readString(printed);
        assertEquals(text.contains("not understood: ") ? 1 : 0, process.exitValue(), text);
        return text;
    }

    @Test
    void aConvolutionHasEveryFormThatFits() throws IOException, InterruptedException {
        String text = dryRun(List.of(timing("conv3d.forward", CONV, 1, 300), timing("conv3d.forward", CONV, 2, 90)));
        assertTrue(text.contains("ours 90.00 us; peers: conv3d; conv2d over time\n"), text);
        assertTrue(text.contains("1 cases; without a peer: none"), text);
    }

    /** The lab times a gradient without the forward pass that it starts from, as the peers are timed: it is taken as it is. */
    @Test
    void theTimeOfAGradientIsItsFastestVariants() throws IOException, InterruptedException {
        String text = dryRun(List.of(timing("attention.forward", ATTENTION, 1, 100), timing("attention.forward", ATTENTION, 2, 30),
            timing("attention.gradient", ATTENTION, 1, 400), timing("attention.gradient", ATTENTION, 2, 160)));
        assertTrue(text.contains("ours 160.00 us; peers: SDPA FLASH_ATTENTION; SDPA EFFICIENT_ATTENTION; SDPA CUDNN_ATTENTION; SDPA MATH\n"),
            text);
    }

    /** Loss, gradient and normalisation together, as MoCo's step has them. */
    @Test
    void aWholeContrastHasARowOfItsOwn() throws IOException, InterruptedException {
        String text = dryRun(List.of(timing("infonce.step", "rows=512 width=1024 capacity=65536 counted=0 owners=0 unit=1", 3, 250)));
        assertTrue(text.contains("ours 250.00 us; peers: linear + cross-entropy, eager; linear + cross-entropy, compiled; "
            + "linear + logsumexp, eager; linear + logsumexp, compiled\n"), text);
    }

    /** All cases of full size, which are those that the lab times, by the names that it gives them itself. */
    @Test
    void everyCaseThatTheLabTimesIsUnderstood() throws IOException, InterruptedException {
        Path lab = ModuleFolder.resolve("../target/native/kinema-lab-emulated");
        assumeTrue(Files.exists(lab), "there is no target/native/kinema-lab-emulated: build the kernels, which takes CMake and a C++ compiler");
        Path listed = folder.resolve("listed");
        Process process = new ProcessBuilder(lab.toString(), "list").redirectErrorStream(true).redirectOutput(listed.toFile()).start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the lab does not end");
        List<String> timings = new ArrayList<>();
        for (String line : Files.readAllLines(listed)) {
            Matcher name = Pattern.compile("(.+) (f32|bf16|i32|i64|u8) (.*), \\d+ variants, of full size: .*").matcher(line);
            if (name.matches()) {
                timings.add(timing(name.group(1), name.group(3), 1, 5).replace("\"bf16\"", '"' + name.group(2) + '"'));
            }
        }
        assertTrue(timings.size() > 200, timings.size() + " cases of full size are listed");
        String text = dryRun(timings);
        assertFalse(text.contains("not understood"), text);
        // a family whose peers all went missing would be understood, too
        for (String kernel : List.of("conv3d.forward", "conv3d.weight_gradient", "attention.gradient", "infonce.step", "matmul.multiply",
            "batchnorm.gradient", "layernorm.forward", "softmax.cross_entropy")) {
            assertTrue(text.lines().anyMatch(line -> line.startsWith(kernel + " ")), kernel + " has no peer: " + text);
        }
    }

    @Test
    void aCaseThatIsNotUnderstoodIsToldAndLeavesTheOthers() throws IOException, InterruptedException {
        String text = dryRun(List.of(timing("matmul.multiply", "m=3", 1, 5), timing("conv3d.forward", CONV, 1, 300)));
        assertTrue(text.contains("not understood: matmul.multiply bf16 m=3: KeyError: 'batch'\n"), text);
        assertTrue(text.contains("1 cases; without a peer: none"), text);
    }

    @Test
    void whatHasNoPeerIsNamed() throws IOException, InterruptedException {
        String text = dryRun(List.of(timing("optimizer.sgd", "n=3", 1, 5), timing("matmul.chain",
            "batch=1 m=10240 n=4096 k=1024 ta=0 tb=1 activation=3 percent=10 operation=-1 before=1 y=1 other=0", 1, 5)));
        assertTrue(text.contains("0 cases; without a peer: matmul.chain bf16, optimizer.sgd bf16"), text);
    }
}
