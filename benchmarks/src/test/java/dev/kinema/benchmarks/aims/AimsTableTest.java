package dev.kinema.benchmarks.aims;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.benchmarks.ModuleFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the document tells what the results hold, and what becomes of results that are missing, or miss their aim. */
class AimsTableTest {
    @TempDir
    private Path folder;

    @Test
    void theDocumentHoldsWhatTheResultsHold() throws IOException {
        String readme = Files.readString(ModuleFolder.resolve("README.md"));
        assertEquals(AimsTable.written(readme, ModuleFolder.resolve("results")), readme, "benchmarks/aims writes it anew");
    }

    private String row(String start) throws IOException {
        String readme = Files.readString(ModuleFolder.resolve("README.md"));
        return AimsTable.written(readme, folder).lines().filter(line -> line.startsWith("| " + start)).findFirst().orElseThrow();
    }

    @Test
    void whatIsNotThereIsNotMeasured() throws IOException {
        assertTrue(row("features, one clip").contains("**not measured**"));
        assertTrue(row("closing during work").contains("**not measured**"));
    }

    @Test
    void whatMissesItsAimIsInBold() throws IOException {
        String kept = "benchmarks/keep first-feature films.FirstFeature auto 5%n2026-01-01, commit 0123456%na machine%n"
            + "load before it: 0.00, 0.00, 0.00%n%nmedian of 5: %s s (1.00 to 4.00)%n";
        Files.writeString(folder.resolve("first-feature.txt"), String.format(kept, "2.99"));
        assertTrue(row("from the start").contains("| 2.99 s (1.00 to 4.00) |"), row("from the start"));
        Files.writeString(folder.resolve("first-feature.txt"), String.format(kept, "3.01"));
        assertTrue(row("from the start").contains("| **3.01 s (1.00 to 4.00)** |"), row("from the start"));
    }

    @Test
    void whatAProgramNoLongerPrintsIsRefused() throws IOException {
        Files.writeString(folder.resolve("first-feature.txt"), "benchmarks/keep\n2026-01-01\n\nsome other words\n");
        assertThrows(KinemaException.class, () -> row("from the start"));
    }
}
