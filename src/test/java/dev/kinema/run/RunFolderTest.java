package dev.kinema.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    private static final String CONFIG = "seed: 1\nlearning_rate: 0.1\n";

    @TempDir
    Path folder;

    private static Environment start(String word) {
        return Environment.here("cpu with 2 threads", 2, List.of("pretrain", word));
    }

    private KinemaException refused(String config) {
        return assertThrows(KinemaException.class, () -> RunFolder.open(folder.resolve("run"), config, start("refused")).close());
    }

    private void open() {
        RunFolder.open(folder.resolve("run"), CONFIG, start("run")).close();
    }

    @Test
    void oneProcessAtATime() {
        try (RunFolder run = RunFolder.open(folder.resolve("run"), CONFIG, start("first"))) {
            assertTrue(refused(CONFIG).getMessage().contains("another run of kinema writes to '" + run.path() + "'"));
        }
        open();
    }

    @Test
    void otherSettingsAreRefusedByTheFirstLineThatDiffers() throws IOException {
        open();
        assertEquals(CONFIG, Files.readString(folder.resolve("run/config.yaml")));
        String message = refused("seed: 1\nlearning_rate: 0.2\nsteps: 3\n").getMessage();
        assertTrue(message.contains("line 2") && message.contains("'learning_rate: 0.1'") && message.contains("'learning_rate: 0.2'")
            && message.contains("choose another run folder, or delete this one"), message);
        assertTrue(refused(CONFIG + "steps: 3\n").getMessage().contains("line 3 of its config.yaml is '(nothing)'"));
        // a refused start lets go of the lock; line ends are no setting
        RunFolder.open(folder.resolve("run"), CONFIG.replace("\n", "\r\n"), start("again")).close();
        Files.delete(folder.resolve("run/config.yaml"));
        Files.writeString(folder.resolve("run/log.jsonl"), "");
        assertTrue(refused(CONFIG).getMessage().contains("holds a run without its config.yaml"));
    }

    @Test
    void everyStartIsNoted() throws IOException {
        open();
        RunFolder.open(folder.resolve("run"), CONFIG, start("again")).close();
        JsonArray starts = JsonParser.parseString(Files.readString(folder.resolve("run/environment.json"))).getAsJsonArray();
        assertEquals(2, starts.size());
        JsonObject second = starts.get(1).getAsJsonObject();
        assertEquals("[\"pretrain\",\"again\"]", second.get("command").toString());
        assertEquals(Version.CURRENT, second.get("kinema").getAsString());
        assertEquals("cpu with 2 threads", second.get("device").getAsString());
        assertTrue(second.get("memory_bytes").getAsLong() > 1 << 20);
        assertFalse(second.get("variables").getAsJsonObject().has("PATH"), "only what changes how libraries compute");
        Files.writeString(folder.resolve("run/environment.json"), "{");
        assertTrue(refused(CONFIG).getMessage().contains("environment.json"));
    }

    @Test
    void completeRunSaysSo() throws IOException {
        Path path = folder.resolve("run");
        assertEquals(Optional.empty(), RunFolder.done(path));
        try (RunFolder run = RunFolder.open(path, CONFIG, start("run"))) {
            run.markDone(Map.of("weights_sha256", "abc"));
        }
        assertEquals(Optional.of(Map.of("weights_sha256", "abc")), RunFolder.done(path));
        Files.writeString(path.resolve("done.json"), "[]");
        assertThrows(KinemaException.class, () -> RunFolder.done(path));
    }
}
