package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.LanguageModelWeights;
import dev.kinema.embed.SmallGpt2;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints made into files that say what they are. */
class ImportCommandTest {
    private static final Path SLOW = Path.of("src", "test", "resources", "golden", "slow", "slow_r50_w8.pyth");

    @TempDir
    Path folder;

    @Test
    void importedWeightsAreTheSameBits() {
        Path out = folder.resolve("slow.safetensors");
        String printed = CommandRun.of("import", SLOW, out).done().out();
        assertTrue(printed.contains("TORCH_ZIP") && printed.contains("320 tensors match"), printed);
        BackboneWeights before = BackboneWeights.read(SLOW);
        BackboneWeights after = BackboneWeights.read(out);
        assertEquals(before.config(), after.config());
        assertEquals(before.tensors().keySet(), after.tensors().keySet());
        before.tensors().forEach((name, tensor) -> assertEquals(tensor.buffer(), after.tensors().get(name).buffer(), name));
        assertTrue(after.origin().contains("slow_r50_w8.pyth"), after.origin());
        Path again = folder.resolve("again.safetensors");
        CommandRun.of("import", out, again).done();
        assertEquals(after.config(), BackboneWeights.read(again).config());
    }

    @Test
    void listsWithoutWriting() {
        String printed = CommandRun.of("import", SLOW, "--list", "--model", "slow-d").done().out();
        assertTrue(printed.contains("  s1.pathway0_stem.conv.weight F32 [8, 3, 1, 7, 7]"), printed);
        assertTrue(printed.contains("other shape: s1.pathway0_stem.conv.weight is [8, 3, 1, 7, 7], expected [8, 3, 5, 7, 7]"), printed);
        assertTrue(printed.contains("ignored: optimizer_state"), printed);
        assertEquals(List.of(), CommandRun.in(folder));
    }

    @Test
    void stemsAreInflatedOnlyWhenAsked() {
        Path out = folder.resolve("d.safetensors");
        CommandRun refused = CommandRun.of("import", SLOW, out, "--model", "slow-d");
        refused.failed(ExitCode.FAILED, "1 of another shape", "s1.pathway0_stem.conv.weight", "--inflate");
        assertFalse(Files.exists(out));
        CommandRun.of("import", SLOW, out, "--model", "slow-d", "--inflate", "centre", "--crop", "96").done();
        BackboneWeights network = BackboneWeights.read(out);
        assertEquals(96, network.config().clip().crop());
        assertEquals(16, network.config().clip().frames());
        float[] stem = network.tensors().get("s1.pathway0_stem.conv.weight").toFloats();
        float[] flat = CheckpointImport.read(SLOW).tensors().get("s1.pathway0_stem.conv.weight").toFloats();
        float[] centre = new float[49];
        System.arraycopy(stem, 2 * 49, centre, 0, 49);
        assertArrayEquals(Arrays.copyOf(flat, 49), centre);
        assertEquals(0, stem[0]);
    }

    @Test
    void clipsBeyondAnyNetworkAreRefused() {
        Path out = folder.resolve("big.safetensors");
        CommandRun.of("import", SLOW, out, "--crop", "5000").failed(ExitCode.FAILED, "slow_r50_w8.pyth: crop is 5000", "4096");
        CommandRun.of("import", SLOW, out, "--frames", "999999").failed(ExitCode.FAILED, "frames is 999999", "1024");
        CommandRun.of("import", SLOW, out, "--frames", "1024", "--crop", "4096").failed(ExitCode.FAILED, "bytes of a clip");
        assertFalse(Files.exists(out));
    }

    @Test
    void differencesArePutUpWithOnlyWhenAllowed() {
        Map<String, HostArray> tensors = new LinkedHashMap<>(CheckpointImport.read(SLOW).tensors());
        tensors.remove("s3.pathway0_res1.branch2.a.weight");
        tensors.put("extra.weight", HostArray.allocate(DType.F32, Shape.of(2)));
        tensors.put("s1.pathway0_stem.bn.bias", HostArray.allocate(DType.F32, Shape.of(9)));
        Path in = folder.resolve("in.safetensors");
        Safetensors.write(in, tensors, Map.of());
        Path out = folder.resolve("out.safetensors");
        CommandRun.of("import", in, out).failed(ExitCode.FAILED, "1 missing (s3.pathway0_res1.branch2.a.weight)",
            "1 unexpected (extra.weight)", "s1.pathway0_stem.bn.bias is [9], expected [8]",
            "--allow-missing", "--allow-unexpected", "--allow-shape");
        CommandRun.of("import", in, out, "--allow-missing", "--allow-shape").failed(ExitCode.FAILED, "--allow-unexpected");
        assertFalse(Files.exists(out));
        CommandRun.of("import", in, out, "--allow-missing", "--allow-unexpected", "--allow-shape", "--seed", "3").done();
        BackboneWeights network = BackboneWeights.read(out);
        assertTrue(network.origin().contains("2 tensors drawn from seed 3"), network.origin());
        assertFalse(network.tensors().containsKey("extra.weight"));
        assertEquals("3", CheckpointImport.read(out).metadata().get("kinema.seed"));
        CommandRun.of("import", SLOW, out, "--seed", "3").done();
        assertEquals("0", CheckpointImport.read(out).metadata().get("kinema.seed"), "nothing was drawn");
    }

    /** A GPT-2 of one layer, as Hugging Face's transformers has it, with the output and a mask beside the weights. */
    private Path gpt2() throws IOException {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        new SmallGpt2(7, 5, 6, 1, 4).shapes().forEach((name, shape) -> tensors.put("transformer." + name, counting(shape)));
        tensors.put("transformer.h.0.attn.bias", HostArray.allocate(DType.U8, Shape.of(1, 1, 5, 5)));
        tensors.put("lm_head.weight", tensors.get("transformer.wte.weight"));
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"gpt2\", \"n_head\": 3, \"n_layer\": 1}");
        Path file = folder.resolve("model.safetensors");
        Safetensors.write(file, tensors, Map.of("format", "pt"));
        return file;
    }

    private static HostArray counting(Shape shape) {
        HostArray array = HostArray.allocate(DType.F32, shape);
        for (int i = 0; i < array.elements(); i++) {
            array.set(i, 1.0 + i);
        }
        return array;
    }

    @Test
    void languageModelsAreImportedToo() throws IOException {
        Path in = gpt2();
        Path out = folder.resolve("out").resolve("gpt2.safetensors");
        Files.createDirectories(out.getParent());
        String printed = CommandRun.of("import", in, out).done().out();
        assertTrue(printed.contains("GPT2 names"), printed);
        assertTrue(printed.contains("GPT-2 with 7 tokens, 5 positions, 1 layers of width 6, 3 heads"), printed);
        LanguageModelWeights before = LanguageModelWeights.read(in, 9, 7, 6, 2);
        // what config.json said is now in the file itself
        LanguageModelWeights after = LanguageModelWeights.read(out, 9, 7, 6, 2);
        assertEquals(before.config(), after.config());
        assertEquals(3, after.config().heads());
        before.tensors().forEach((name, array) -> assertEquals(array.buffer(), after.tensors().get(name).buffer(), name));
        // row 2, column 3 of [6, 4]
        assertEquals(1 + 2 * 4 + 3, after.tensors().get("decoder.layers.0.linear1.weight").get(3 * 6 + 2));
        String listed = CommandRun.of("import", out, "--list", "--model", "gpt2").done().out();
        assertTrue(listed.contains("tokens.weight F32 [7, 6]") && listed.contains("3 heads"), listed);
    }

    @Test
    void whatIsOfBackbonesIsRefusedForLanguageModels() throws IOException {
        Path in = gpt2();
        Path out = folder.resolve("never.safetensors");
        CommandRun.of("import", in, out, "--crop", "96").failed(ExitCode.USAGE, "--crop is for backbones", "language model");
        CommandRun.of("import", in, out, "--model", "slow").failed(ExitCode.FAILED, "model.safetensors");
        CommandRun.of("import", SLOW, out, "--model", "gpt2").failed(ExitCode.FAILED, "is of no GPT-2", "wte.weight is missing");
        CommandRun.of("import", in, out, "--model", "gpt3").failed(ExitCode.USAGE, "gpt3", "slow-d, gpt2");
        assertFalse(Files.exists(out));
    }
}
