package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGBA64LE;
import static org.bytedeco.ffmpeg.global.avutil.av_max_alloc;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VideoWriterTest {
    @TempDir
    Path dir;

    private List<Path> files() throws IOException {
        try (Stream<Path> list = Files.list(dir)) {
            return list.toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"mp4, 64, 48, 30", "mp4, 63, 47, 29.97002997", "mov, 64, 48, 24", "webm, 63, 47, 23.976023976",
        "mkv, 63, 47, 12.5", "avi, 63, 47, 25"})
    void writtenFilmsAreReadBack(String ending, int width, int height, double fps) throws IOException {
        Path path = dir.resolve("film." + ending);
        SharedFilms.write(path, 20, width, height, fps, Encoding.standard());
        assertEquals(List.of(path), files());
        try (VideoFile film = VideoFile.open(path)) {
            assertEquals(width, film.width());
            assertEquals(height, film.height());
            assertEquals(fps, film.frameRate(), 0.01);
            List<SharedFilms.Seen> seen = SharedFilms.readAll(film, Framing.whole());
            assertEquals(20, seen.size());
            assertEquals(19 / fps, seen.get(19).time(), 0.0006);
            assertEquals(20 / fps, seen.get(19).until(), 0.0015);
        }
    }

    @Test
    void namesMayHoldAnything() {
        String name = "a b:c%20d?#'\"\u00e9\u6620.mp4";
        String encoding = System.getProperty("sun.jnu.encoding");
        assumeTrue(Charset.forName(encoding).newEncoder().canEncode(name), "file names here are " + encoding);
        Path path = dir.resolve(name);
        SharedFilms.write(path, 5);
        try (VideoFile film = VideoFile.open(path)) {
            assertEquals(5, SharedFilms.readAll(film, Framing.whole()).size());
        }
    }

    @Test
    void framesAtTimesOfTheirOwn() {
        Path path = dir.resolve("film.mp4");
        double[] times = {0, 0.1, 0.5, 0.52, 2};
        try (VideoWriter writer = VideoWriter.create(path, 32, 32, 100)) {
            for (double time : times) {
                writer.add(SharedFilms.picture(32, 32, (y, x) -> x * y), 0, time);
            }
            assertThrows(IllegalArgumentException.class, () -> writer.add(ByteBuffer.allocate(32 * 32 * 3), 0, 1.9));
            writer.finish();
        }
        try (VideoFile film = VideoFile.open(path)) {
            List<SharedFilms.Seen> seen = SharedFilms.readAll(film, Framing.whole());
            for (int i = 0; i < times.length; i++) {
                assertEquals(times[i], seen.get(i).time(), 1e-6);
            }
        }
    }

    @Test
    void unfinishedFilmLeavesTheOldOneAlone() throws IOException {
        Path path = Files.writeString(dir.resolve("film.mp4"), "the old one");
        try (VideoWriter writer = VideoWriter.create(path, 32, 32, 25)) {
            writer.add(ByteBuffer.allocate(32 * 32 * 3), 0);
        }
        assertEquals(List.of(path), files());
        assertEquals("the old one", Files.readString(path));
    }

    @Test
    void twoWritersOfOneFilmDoNotMeet() throws IOException {
        Path path = dir.resolve("film.mkv");
        try (VideoWriter one = VideoWriter.create(path, 32, 32, 25); VideoWriter other = VideoWriter.create(path, 32, 32, 25)) {
            for (int i = 0; i < 20; i++) {
                one.add(SharedFilms.picture(32, 32, (y, x) -> x * y * 97), 0);
                if (i < 10) {
                    other.add(SharedFilms.picture(32, 32, (y, x) -> 0xffffff), 0);
                }
            }
            other.finish();
            assertFrames(path, 10);
            one.finish();
            assertFrames(path, 20);
        }
        assertEquals(List.of(path), files());
    }

    private static void assertFrames(Path path, int expected) {
        try (VideoFile film = VideoFile.open(path)) {
            assertEquals(expected, SharedFilms.readAll(film, Framing.whole()).size());
            assertTrue(film.damage().isNone(), film.damage().describe());
        }
    }

    @Test
    void onlyWhatWasCreatedIsDeleted() throws IOException {
        Path other = Files.writeString(dir.resolve(".film.mp4.partial"), "another's");
        assertRefused("no pixel format 'yuv421p'", "film.mp4", Encoding.standard().withCodec("", "yuv421p"));
        assertEquals(List.of(other), files());
    }

    @Test
    void whatCannotBeWrittenIsNamed() throws IOException {
        assertRefused("no film format", "film.nonsense", Encoding.standard());
        assertRefused("no encoder 'libx2640'", "film.mp4", Encoding.standard().withCodec("libx2640", "yuv420p"));
        assertRefused("no pixel format 'yuv421p'", "film.mp4", Encoding.standard().withCodec("", "yuv421p"));
        assertRefused("cannot be turned into the pixel format 'bayer_rggb8'", "film.mkv",
                Encoding.standard().withCodec("rawvideo", "bayer_rggb8"));
        assertRefused("refuses 63x32 pixels of gbrp", "film.mp4", Encoding.standard().withCodec("mpeg4", "gbrp"));
        assertRefused("cannot create", "no/such/directory/film.mp4", Encoding.standard());
        assertEquals(List.of(), files());
        assertThrows(IllegalArgumentException.class, () -> VideoWriter.create(dir.resolve("a.mp4"), 0, 2, 25));
        assertThrows(IllegalArgumentException.class, () -> Encoding.standard().withRotation(45));
    }

    private void assertRefused(String cause, String name, Encoding encoding) {
        String message = assertThrows(KinemaException.class,
                () -> VideoWriter.create(dir.resolve(name), 63, 32, 25, encoding)).getMessage();
        assertTrue(message.contains(cause), message);
    }

    @Test
    void refusedPicturesAreFreed() throws IOException {
        Path status = Path.of("/proc/self/status");
        assumeTrue(Files.exists(status), "memory that was never written to is counted on Linux only");
        Ffmpeg.load();
        AVCodecContext encoder = avcodec_alloc_context3(null);
        encoder.width(4000);
        encoder.height(4000);
        encoder.pix_fmt(AV_PIX_FMT_RGBA64LE);
        long before = virtualKilobytes(status);
        // enough for the picture of 48 MB, not for the frame of 128 MB
        av_max_alloc(64 << 20);
        try {
            for (int i = 0; i < 20; i++) {
                assertThrows(KinemaException.class, () -> new PictureEncoder(dir, encoder, Encoding.standard()));
            }
        } finally {
            av_max_alloc(Integer.MAX_VALUE);
            avcodec_free_context(encoder);
        }
        long growth = virtualKilobytes(status) - before;
        // twenty pictures would be 960 MB; a new thread of the JVM's takes up to 128 MB of addresses
        assertTrue(growth < 400 << 10, growth + " kB more in use");
    }

    private static long virtualKilobytes(Path status) throws IOException {
        return Files.readAllLines(status).stream().filter(line -> line.startsWith("VmSize:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElseThrow();
    }

    @Test
    void fragmentedFilmsAreReadBack() {
        Path path = dir.resolve("fragments.mp4");
        SharedFilms.write(path, 60, 64, 48, 25,
                Encoding.standard().withRate(0.3, 10).withOption("movflags", "frag_keyframe+empty_moov"));
        try (VideoFile film = VideoFile.open(path)) {
            assertEquals(60, SharedFilms.readAll(film, Framing.whole()).size());
            assertFalse(film.measureDuration() < 2.39);
        }
    }
}
