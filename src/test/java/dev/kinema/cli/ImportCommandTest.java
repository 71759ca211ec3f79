package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
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
}
