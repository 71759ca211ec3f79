package dev.kinema.benchmarks.films;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The table of what decoding costs. */
class DecodeCostTest {
    @Test
    void aMadeFilmHasItsFramesPicturesAndTimes() throws IOException {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            DecodeCost.main(new String[] {"1", "2"});
        } finally {
            System.setOut(out);
        }
        String table = printed.toString(StandardCharsets.UTF_8);
        // 50 frames, of which a clip of 16 pictures wants 16
        String times = " +[\\d.]+ +[\\d.]+ +[\\d.]+ \\( *[\\d.]+\\) +[\\d.]+\\s*";
        assertTrue(table.matches("(?s).*made \\(h264, 640x360, 25.00/s\\) +2\\.0 +50 +50 +16 \\|" + times), table);
        assertThrows(IllegalArgumentException.class, () -> DecodeCost.main(new String[] {"1"}));
    }
}
