package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.embed.LanguageModelWeights;
import dev.kinema.embed.SmallGpt2;
import dev.kinema.model.LanguageModelConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GPT-2 as {@code pytorch_model.bin}: a dictionary of tensors and nothing around it, the output sharing the token table's storage. */
class Gpt2TorchFileTest {
    private static final int WIDTH = 64;
    private static final int INNER = 5;

    @TempDir
    Path folder;

    private final Map<String, Object> state = new LinkedHashMap<>();
    private final Map<String, byte[]> storages = new LinkedHashMap<>();

    private void put(String name, int... sizes) {
        String key = String.valueOf(storages.size());
        state.put("transformer." + name, CheckpointFiles.tensor(key, sizes));
        storages.put(key, CheckpointFiles.littleEndian(CheckpointFiles.counting(0, sizes).toFloats()));
    }

    @Test
    void isReadAsItIs() {
        new SmallGpt2(3, 2, WIDTH, 1, INNER).shapes().forEach((name, shape) -> put(name, shape.dims()));
        state.put("lm_head.weight", state.get("transformer.wte.weight"));
        put("h.0.attn.bias", 1, 1, 2, 2);
        Path file = CheckpointFiles.write(folder, "pytorch_model.bin", CheckpointFiles.torchZip(PickleWriter.pickle(state), storages));
        LanguageModelWeights read = LanguageModelWeights.read(file, 4, 3, 2, 1);
        assertEquals(LanguageModelConfig.GPT2.withVocabulary(4, 3, 2).withSizes(WIDTH, 1, 1, INNER, 2), read.config());
        // row 7, column 3 of [64, 5] is row 3, column 7 of [5, 64]
        assertEquals(7 * INNER + 3, read.tensors().get("decoder.layers.0.linear1.weight").get(3 * WIDTH + 7));
        assertEquals(2 * WIDTH + 1, read.tensors().get("tokens.weight").get(2 * WIDTH + 1));
    }
}
