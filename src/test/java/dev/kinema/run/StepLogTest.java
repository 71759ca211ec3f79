package dev.kinema.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepLogTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void write() {
        file = folder.resolve("log.jsonl");
        try (StepLog log = StepLog.open(file, 0, note -> { })) {
            for (int step = 0; step < 3; step++) {
                Map<String, Double> values = new LinkedHashMap<>();
                values.put("loss", step == 1 ? Double.NaN : 1.0 / 3 + step);
                values.put("learning_rate", 1e-20);
                values.put("epoch", 2.0);
                log.write(10 * step, new Metrics(values), 1.23456, 0.5);
            }
        }
    }

    @Test
    void linesHoldTheNumbersToTheBit() throws IOException {
        assertTrue(Files.readAllLines(file).get(1).startsWith(
            "{\"step\":10,\"loss\":null,\"learning_rate\":1.0E-20,\"epoch\":2,\"seconds\":1.235,\"step_seconds\":0.5,\"memory_mb\":"));
        Map<String, StepLog.Series> all = StepLog.read(file);
        assertEquals(List.of("loss", "learning_rate", "epoch", "seconds", "step_seconds", "memory_mb"), List.copyOf(all.keySet()));
        assertArrayEquals(new long[] {0, 10, 20}, all.get("loss").steps());
        assertArrayEquals(new double[] {1.0 / 3, Double.NaN, 1.0 / 3 + 2}, all.get("loss").values());
        double memory = all.get("memory_mb").values()[0];
        assertTrue(memory > 1 && memory < 1e6, "a Java process takes some megabytes: " + memory);
    }

    @Test
    void tornLastLineIsPassedOver() throws IOException {
        Files.writeString(file, "{\"step\":30,\"loss\":0.", StandardOpenOption.APPEND);
        assertEquals(3, StepLog.read(file).get("loss").values().length);
        Files.writeString(file, "{\"st", StandardOpenOption.TRUNCATE_EXISTING);
        assertEquals(Map.of(), StepLog.read(file));
    }

    @Test
    void otherDamageIsNamed() throws IOException {
        Files.writeString(file, "{\"step\":30,\"loss\":0.\n{\"step\":40,\"loss\":1}\n", StandardOpenOption.APPEND);
        assertTrue(assertThrows(KinemaException.class, () -> StepLog.read(file)).getMessage().startsWith("line 4 of the log"));
        Files.writeString(file, "{\"loss\":1}\n{\"step\":40,\"loss\":1}\n");
        assertTrue(assertThrows(KinemaException.class, () -> StepLog.read(file)).getMessage().startsWith("line 1 of the log"));
        assertThrows(KinemaException.class, () -> StepLog.read(folder.resolve("none.jsonl")));
    }
}
