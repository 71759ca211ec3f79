package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.AVERROR_ENOMEM;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_INVALIDDATA;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a machine is short of is not taken for a fault of the film: an error of it has a cause. */
class ShortageTest {
    private static final Path FILM = Path.of("film.mp4");

    @BeforeAll
    static void load() {
        Ffmpeg.load();
    }

    @Test
    void openFilesAndMemory() {
        for (int status : new int[] {Ffmpeg.TOO_MANY_FILES, AVERROR_ENOMEM()}) {
            assertTrue(List.of("Too many open files", "Cannot allocate memory").contains(Ffmpeg.text(status)), Ffmpeg.text(status));
            KinemaException opening = FilmDiagnosis.unopened(FILM, status);
            assertInstanceOf(IOException.class, opening.getCause());
            assertTrue(opening.getMessage().contains("more memory or open files"), opening.getMessage());
            assertInstanceOf(IOException.class, assertThrows(KinemaException.class, () -> Ffmpeg.check(status, "read", FILM)).getCause());
        }
        assertInstanceOf(IOException.class, assertThrows(KinemaException.class, () -> Ffmpeg.allocated(null)).getCause());
    }

    @Test
    void aFilmThatIsNone() {
        assertNull(FilmDiagnosis.unopened(FILM, AVERROR_INVALIDDATA()).getCause());
        assertNull(assertThrows(KinemaException.class, () -> Ffmpeg.check(AVERROR_INVALIDDATA(), "read", FILM)).getCause());
    }
}
