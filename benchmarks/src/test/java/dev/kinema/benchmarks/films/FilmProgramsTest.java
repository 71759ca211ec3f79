package dev.kinema.benchmarks.films;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.benchmarks.Printed;
import dev.kinema.video.EventFilm;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each program once over films of seconds, so that none rots. Their times mean nothing here. */
class FilmProgramsTest {
    @TempDir
    private Path folder;

    private String film(String name, long seed) {
        Path film = folder.resolve(name);
        EventFilm.of(seed, List.of(1, 2), EventFilm.Format.SMALL).write(film);
        return film.toString();
    }

    @Test
    void aWholeFilmBesideItsClips() throws Exception {
        Printed printed = Printed.by(WholeFilm::main, "fp32", "1", "4");
        assertEquals(2, printed.number("\\((\\d+) clips\\)"), "4 s at hops of 2 s");
        assertTrue(printed.number("^median share of pure compute: ([0-9.]+)%") > 0, printed::text);
    }

    @Test
    void theFirstFeatureOfAProcess() throws Exception {
        Printed printed = Printed.by(FirstFeature::main, "fp32", "1", film("given.mp4", 1));
        assertTrue(printed.number("^median of 1: ([0-9.]+) s") > 0, printed::text);
    }

    @Test
    void int8OnFilmsThatItsRangesAreNotOf() throws Exception {
        Printed printed = Printed.by(QuantizedFilms::main, "random", film("ranges.mp4", 1), film("compared.mp4", 2));
        assertEquals(1, printed.lines("^ranges of ranges.mp4$"), printed::text);
        double cosine = printed.number("^compared.mp4 +\\d+ +([0-9.]+)");
        // the aim on real films; above 1 by what cosines of floats round to
        assertTrue(cosine > 0.995 && cosine < 1.0001, printed::text);
    }
}
