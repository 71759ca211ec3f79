package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.checkpoint.ImportedCheckpoint.Container;
import dev.kinema.checkpoint.ImportedCheckpoint.Naming;
import dev.kinema.device.HostArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that PySlowFast itself wrote, against the SHA-256 of every tensor that PyTorch computed. */
class GoldenImportTest {
    @ParameterizedTest
    @CsvSource({
        "slow_r50_w8.pyth, slow_r50_w8.pyth, TORCH_ZIP, 0",
        "slowd_r50_w6.pyth, slowd_r50_w6.pyth, TORCH_ZIP, 0",
        "train_slow_w3_2steps_with_momentum.pyth, train_slow_w3_2steps, TORCH_ZIP, 1",
        "train_slow_w3_2steps_legacy_format.pyth, train_slow_w3_2steps, TORCH_LEGACY, 1"})
    void everyTensorIsTheSameBits(String file, String sums, Container container, long epoch) throws Exception {
        ImportedCheckpoint imported = CheckpointImport.read(CheckpointFiles.golden(file));
        assertEquals(container, imported.container());
        assertEquals(Naming.PYSLOWFAST, imported.naming());
        assertEquals(epoch, imported.epoch().getAsLong());
        assertTrue(imported.config().orElseThrow().contains("MODEL:\n  ACT_CHECKPOINT: false\n  ARCH: slow\n"));
        assertEquals(container == Container.TORCH_ZIP ? List.of("optimizer_state") : List.of(),
                List.copyOf(imported.ignored().keySet()));

        JsonObject expected = sums(sums);
        assertEquals(new ArrayList<>(expected.keySet()), new ArrayList<>(imported.tensors().keySet()));
        for (Map.Entry<String, JsonElement> e : expected.entrySet()) {
            JsonArray facts = e.getValue().getAsJsonArray();
            HostArray array = imported.tensors().get(e.getKey());
            assertEquals(facts.get(0).getAsString(), array.dtype().name().replace("F", "float").replace("I", "int"));
            assertEquals(facts.get(1).toString(), Arrays.toString(array.shape().dims()).replace(" ", ""), e.getKey());
            assertEquals(facts.get(2).getAsString(), sha256(array), e.getKey());
        }
    }

    @Test
    void survivesSafetensors(@TempDir Path folder) throws Exception {
        Map<String, HostArray> tensors = CheckpointImport.read(CheckpointFiles.golden("slowd_r50_w6.pyth")).tensors();
        Path file = folder.resolve("slowd.safetensors");
        Safetensors.write(file, tensors, Map.of("format", "pt"));
        ImportedCheckpoint again = CheckpointImport.read(file);
        assertEquals(Container.SAFETENSORS, again.container());
        assertEquals(Map.of("format", "pt"), again.metadata());
        assertEquals(new ArrayList<>(tensors.keySet()), new ArrayList<>(again.tensors().keySet()));
        for (Map.Entry<String, JsonElement> e : sums("slowd_r50_w6.pyth").entrySet()) {
            assertEquals(e.getValue().getAsJsonArray().get(2).getAsString(), sha256(again.tensors().get(e.getKey())), e.getKey());
        }
        try (Safetensors read = Safetensors.open(file)) {
            assertEquals(tensors.get("s1.pathway0_stem.conv.weight").shape(), read.shape("s1.pathway0_stem.conv.weight"));
        }
    }

    @Test
    void aFlippedBitInATensorFailsItsChecksum(@TempDir Path folder) throws Exception {
        byte[] bytes = Files.readAllBytes(CheckpointFiles.golden("train_slow_w3_2steps_with_momentum.pyth"));
        bytes[72937 + 100] ^= 4; // in data/0
        Path file = CheckpointFiles.write(folder, "flipped.pyth", bytes);
        CheckpointFiles.assertRefused(file, () -> CheckpointImport.read(file), "checksum");
    }

    @Test
    void theTreeOfTheOptimizerIsThereToo() {
        try (TorchFile file = TorchFile.open(CheckpointFiles.golden("train_slow_w3_2steps_with_momentum.pyth"))) {
            Map<?, ?> optimizer = (Map<?, ?>) ((Map<?, ?>) file.root()).get("optimizer_state");
            Map<?, ?> state = (Map<?, ?>) optimizer.get("state");
            assertEquals(161, state.size());
            StoredTensor momentum = (StoredTensor) ((Map<?, ?>) state.get(0L)).get("momentum_buffer");
            assertFalse(momentum.read().toFloats()[0] == 0);
            Map<?, ?> group = (Map<?, ?>) ((List<?>) optimizer.get("param_groups")).get(0);
            assertEquals(0.9, group.get("momentum"));
            assertEquals(true, group.get("nesterov"));
        }
    }

    private static JsonObject sums(String name) throws IOException {
        return JsonParser.parseString(Files.readString(CheckpointFiles.golden("checkpoint_sha256.json"))).getAsJsonObject()
                .getAsJsonObject(name);
    }

    private static String sha256(HostArray array) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(array.buffer());
        return HexFormat.of().formatHex(digest.digest());
    }
}
