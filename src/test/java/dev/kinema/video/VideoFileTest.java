package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VideoFileTest {
    @ParameterizedTest
    @CsvSource({
        // file, width, height, rotation, frames, frames per second, seconds of video, codec
        "tears-of-steel-battle-clip-medium.webm, 800, 332, 0, 1691, 24, 70.458, vp8",
        "bigbuckbunny.mp4, 1280, 720, 0, 132, 25, 5.28, h264",
        "flower.webm, 960, 540, 0, 150, 29.97003, 5.005, vp8",
        "flower-fragmented.mp4, 960, 540, 0, 150, 29.97003, 5.005, h264",
        "friday.mp4, 640, 480, 0, 185, 30, 6.1667, h264",
        "asl_again.mkv, 640, 480, 0, 77, 30, 2.567, h264",
        "elf.webm, 720, 480, 0, 241, 30, 8.033, vp8",
        "stream-of-water.mp4, 480, 360, 0, 90, 29.98334, 3.0017, h264",
        "derived/tos_h264_aac_480x200.mp4, 480, 200, 0, 1691, 24, 70.4583, h264",
        "derived/tos_vfr.mp4, 400, 166, 0, 158, 13.07586, 11.9167, h264",
        "derived/bbb_vp9_odd_427x241.webm, 427, 241, 0, 144, 24, 6, vp9",
        "derived/flower_hevc_10bit.mp4, 640, 360, 0, 150, 29.97003, 5.005, hevc",
        "derived/flower_rot90_metadata.mp4, 270, 480, 270, 90, 29.97003, 3.003, h264",
        "derived/shots_known_cuts.mp4, 320, 180, 0, 545, 25, 21.8, h264",
        "broken/one_frame.mp4, 480, 270, 0, 1, 29.97003, 0.0334, h264"})
    void knowsItsFilm(String name, int width, int height, int rotation, int frames, double fps, double seconds,
            String codec) {
        try (VideoFile film = VideoFile.open(SharedFilms.film(name), 2)) {
            assertEquals(width, film.width());
            assertEquals(height, film.height());
            assertEquals(rotation, film.rotation());
            assertEquals(fps, film.frameRate(), 1e-4);
            assertEquals(codec, film.codec());
            // the longest stream's duration, where the video's own is not written down, is up to 0.1 s longer here
            assertEquals(seconds, film.duration().orElseThrow(), 0.1);
            // milliseconds in Matroska, and the last frame's own length
            assertEquals(seconds, film.measureDuration(), 0.0015);
            int count = 0;
            double last = -1;
            try (FrameReader reader = film.frames(Framing.whole())) {
                assertEquals(width, reader.width());
                assertEquals(height, reader.height());
                while (reader.next()) {
                    assertTrue(reader.time() > last, "times grow");
                    last = reader.time();
                    count++;
                }
                assertEquals(seconds, reader.shownUntil(), 0.0015);
            }
            assertEquals(frames, count);
            assertEquals(frames, film.framesDecoded());
            assertTrue(film.damage().isNone(), film.damage().describe());
        }
    }

    @Test
    void constantRatesGiveEvenTimes() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("flower-fragmented.mp4"));
                FrameReader reader = film.frames(Framing.whole())) {
            for (int i = 0; reader.next(); i++) {
                assertEquals(i * 1001 / 30000.0, reader.time(), 1e-9);
            }
        }
    }

    @Test
    void variableRateKeepsItsSteps() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("derived/tos_vfr.mp4"));
                FrameReader reader = film.frames(Framing.whole())) {
            int[] steps = new int[6];
            while (reader.next()) {
                double ticks = (reader.shownUntil() - reader.time()) * 24;
                assertEquals(Math.rint(ticks), ticks, 1e-6, "steps are whole 24ths of a second");
                steps[(int) Math.rint(ticks)]++;
            }
            // as the file's own table of times (stts) has them: nearly all frames last 1/24 or 5/24 s
            assertArrayEquals(new int[] {0, 123, 2, 2, 2, 29}, steps);
        }
    }

    @Test
    void oneFilmInTwoCodecsLooksTheSame() {
        try (VideoFile webm = VideoFile.open(SharedFilms.film("flower.webm"));
                VideoFile mp4 = VideoFile.open(SharedFilms.film("flower-fragmented.mp4"));
                FrameReader first = webm.frames(Framing.square(224));
                FrameReader second = mp4.frames(Framing.square(224))) {
            ByteBuffer one = SharedFilms.buffer(first);
            ByteBuffer other = SharedFilms.buffer(second);
            for (double time = 0.5; time < 5; time += 1) {
                first.seek(time);
                second.seek(time);
                assertTrue(first.next() && second.next());
                first.copyTo(one, 0);
                second.copyTo(other, 0);
                // two lossy codecs: 2 of 255 levels on average; a wrong matrix or range alone makes 5 and more
                double difference = SharedFilms.meanDifference(one, other);
                assertTrue(difference < 2.5, "difference " + difference + " at " + time + " s");
            }
        }
    }

    @Test
    void threadsDoNotChangePictures() {
        Path path = SharedFilms.film("derived/bbb_vp9_odd_427x241.webm");
        try (VideoFile one = VideoFile.open(path); VideoFile two = VideoFile.open(path, 2)) {
            assertEquals(SharedFilms.readAll(one, Framing.square(64)), SharedFilms.readAll(two, Framing.square(64)));
        }
    }

    @Test
    void secondReaderStartsAnewAndClosesTheFirst() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("asl_again.mkv"))) {
            FrameReader first = film.frames(Framing.square(32));
            assertTrue(first.next());
            List<SharedFilms.Seen> seen = SharedFilms.readAll(film, Framing.square(32));
            assertEquals(77, seen.size());
            assertEquals(0, seen.get(0).time());
            assertThrows(IllegalStateException.class, first::next);
            film.close();
            assertThrows(IllegalStateException.class, () -> film.frames(Framing.whole()));
        }
    }

    @Test
    void fileWithoutDurationIsMeasured(@TempDir Path dir) {
        Path path = dir.resolve("live.webm");
        try (VideoWriter writer = VideoWriter.create(path, 64, 48, 25, Encoding.standard().withOption("live", "1"))) {
            for (int i = 0; i < 75; i++) {
                int shade = i * 3;
                writer.add(SharedFilms.picture(64, 48, (y, x) -> shade << 8 | x), 0);
            }
            writer.finish();
        }
        try (VideoFile film = VideoFile.open(path)) {
            assertTrue(film.duration().isEmpty(), "a live stream writes no duration");
            assertEquals(3, film.measureDuration(), 0.0015);
            assertEquals(75, SharedFilms.readAll(film, Framing.whole()).size());
        }
    }
}
