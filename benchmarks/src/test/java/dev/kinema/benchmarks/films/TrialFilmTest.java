package dev.kinema.benchmarks.films;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Films that are made and films that are given, and what rounds come to. */
class TrialFilmTest {
    @TempDir
    private Path folder;

    @Test
    void whatWasMadeIsDeletedAndWhatWasGivenStays() throws IOException {
        TrialFilm made = TrialFilm.of("2");
        made.close();
        assertFalse(Files.exists(made.folder()));
        Path own = Files.writeString(folder.resolve("own.mp4"), "a film");
        try (TrialFilm given = TrialFilm.of(own.toString())) {
            assertEquals(own, given.film());
            assertTrue(Files.size(given.weights()) > 100_000_000, "Slow-D's 32 million numbers");
        }
        assertTrue(Files.exists(own));
    }

    @Test
    void medians() {
        assertEquals(2, QuietRounds.median(List.of(3.0, 1.0, 2.0)));
        assertEquals(2.5, QuietRounds.median(List.of(4.0, 1.0, 2.0, 3.0)));
    }
}
