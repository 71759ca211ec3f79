package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import dev.kinema.video.Encoding;
import dev.kinema.video.Framing;
import dev.kinema.video.ProceduralFilm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Films that end before the end that they name. */
class DamagedFilmTest {
    private static final Framing FRAMING = new Framing(24, 0);
    private static final Path SHARED = Path.of("..", "shared", "videos");
    /** Key frames only, so that bytes tell frames, and the index at the start, where a cut does not reach it. */
    private static final Encoding STREAMED = Encoding.standard().withRate(0.25, 1);
    private static final List<String> ENDINGS = List.of("mp4", "webm", "mkv");

    @TempDir
    static Path folder;

    @BeforeAll
    static void write() throws IOException {
        for (String ending : ENDINGS) {
            Path whole = folder.resolve("whole." + ending);
            ProceduralFilm.of(3, 64, 48, 10, 12).write(whole,
                ending.equals("mp4") ? STREAMED.withOption("moov_size", "20000") : STREAMED);
            cut(whole, 0.97, folder.resolve("nearly." + ending));
            cut(whole, 0.4, folder.resolve("cut." + ending));
        }
    }

    private static void cut(Path film, double share, Path to) throws IOException {
        byte[] bytes = Files.readAllBytes(film);
        Files.write(to, Arrays.copyOf(bytes, (int) (share * bytes.length)));
    }

    /** Reads one picture; whether damage was found. */
    private static boolean read(Path film, double time) throws InterruptedException {
        try (FilmClips clips = FilmClips.open(film)) {
            clips.read(new double[][] {{time}}, FRAMING, new ByteBuffer[1]);
            return clips.isDamaged();
        }
    }

    private static double seconds(Path film) {
        try (FilmClips clips = FilmClips.open(film)) {
            return clips.timing().seconds();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mp4", "webm", "mkv"})
    void picturesWellBeyondTheEndFailAFilm(String ending) throws InterruptedException {
        Path whole = folder.resolve("whole." + ending);
        assertFalse(read(whole, 11.95));
        Path nearly = folder.resolve("nearly." + ending);
        assertEquals(12, seconds(nearly), 1e-3);
        // the last bytes of so small a WebM film are its index: there pictures need not be missing
        assertTrue(read(nearly, 11.95) || ending.equals("webm"), "less than a second is missing");
        Path cut = folder.resolve("cut." + ending);
        assertEquals(12, seconds(cut), 1e-3);
        assertFalse(read(cut, 1), "the damage was not met");
        String message = assertThrows(KinemaException.class, () -> read(cut, 11.95)).getMessage();
        for (String part : List.of("cut." + ending, "should last 12.000 s", "can be decoded up to ", "missing", "11.950 s", "copy the film")) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void aShortFilmIsNotTrustedToASecond() throws IOException, InterruptedException {
        Path whole = folder.resolve("short.mp4");
        ProceduralFilm.of(3, 64, 48, 10, 1.6).write(whole, STREAMED.withOption("moov_size", "20000"));
        Path cut = folder.resolve("shorter.mp4");
        cut(whole, 0.6, cut);
        assertFalse(read(whole, 1.55));
        assertThrows(KinemaException.class, () -> read(cut, 1.55), "0.4 s and a frame are trusted, more than 0.6 s are missing");
    }

    @Test
    void batchesCountDamagedFilms() {
        List<Film> films = new ArrayList<>();
        for (String name : List.of("whole.mp4", "nearly.mp4", "cut.mp4", "nearly.mkv", "whole.webm")) {
            films.add(new Film(name, folder.resolve(name), Film.NO_LABEL));
        }
        // 4 clips of 1.5 s, the last of which starts at 7.9 s; one more ends where the film does
        ClipSampler sampler = new UniformViews(4, new ClipSampling(4, 4, 10));
        ClipSampler ends = new ClipSampler() {
            @Override
            public int clips() {
                return 4;
            }

            @Override
            public int frames() {
                return 4;
            }

            @Override
            public double[][] times(FilmTiming film, Philox random) {
                double[][] times = sampler.times(film, random);
                times[3][3] = film.seconds();
                return times;
            }
        };
        LoaderSettings settings = LoaderSettings.evaluation(2, 2).withMaxFailedShare(0.25);
        try (ClipLoader loader = new ClipLoader(FilmList.of(films), ends, new CentreCrop(32, 24), settings)) {
            ClipBatch batch = loader.next();
            assertEquals(1, batch.damagedFilms());
            assertEquals(List.of(), batch.failed());
            batch.close();
            batch = loader.next();
            assertEquals(List.of("nearly.mkv", "whole.webm"), batch.ids());
            assertEquals(1, batch.damagedFilms());
            assertEquals(List.of("cut.mp4"), batch.failed().stream().map(FailedFilm::id).toList());
            batch.close();
        }
        try (ClipLoader loader = new ClipLoader(FilmList.of(films), sampler, new CentreCrop(32, 24), settings.withMaxFailedShare(0.1))) {
            // the first batch waits to be told whether it is the last, which the third film would say
            String message = assertThrows(KinemaException.class, loader::next).getMessage();
            assertTrue(message.contains("allow a larger share of films to fail (max_failed)") && message.contains("should last"), message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"asl_again.mkv", "bigbuckbunny.mp4", "elf.webm", "flower-fragmented.mp4", "flower.webm", "friday.mp4",
        "stream-of-water.mp4", "tears-of-steel-battle-clip-medium.webm", "derived/bbb_vp9_odd_427x241.webm",
        "derived/flower_hevc_10bit.mp4", "derived/flower_rot90_metadata.mp4", "derived/shots_known_cuts.mp4",
        "derived/tos_h264_aac_480x200.mp4", "derived/tos_vfr.mp4", "broken/one_frame.mp4"})
    void wholeFilmsCanBeReadToTheEndTheyName(String name) {
        Path film = shared(name);
        // what is asked for last decides: samplers ask for nothing later
        assertFalse(assertDoesNotThrow(() -> read(film, seconds(film))), "no damage");
    }

    @ParameterizedTest
    @ValueSource(strings = {"broken/truncated_250k.webm", "broken/truncated_60pct.mp4"})
    void truncatedFilmsFail(String name) {
        Path film = shared(name);
        assertThrows(KinemaException.class, () -> read(film, 0.95 * seconds(film)));
    }

    private static Path shared(String name) {
        Path film = SHARED.resolve(name);
        assumeTrue(Files.isReadable(film), "the film " + film + " is not on this machine");
        return film;
    }
}
