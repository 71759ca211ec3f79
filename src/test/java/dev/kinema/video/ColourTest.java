package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.IntBinaryOperator;
import org.bytedeco.ffmpeg.global.avutil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known colours, written losslessly where it matters, must come back. */
class ColourTest {
    private static final int[] COLOURS = {0xff0000, 0x00ff00, 0x0000ff, 0xffffff, 0x000000, 0x808080, 0xc86432, 0x14b4dc};
    private static final int WIDTH = 8 * 16;
    private static final int HEIGHT = 48;
    private static final IntBinaryOperator BARS = (y, x) -> COLOURS[Math.min(7, x / 16)];

    @TempDir
    Path dir;

    private ByteBuffer through(String ending, int width, int height, IntBinaryOperator paint, Encoding encoding) {
        Path path = dir.resolve("film." + ending);
        ByteBuffer picture = SharedFilms.picture(width, height, paint);
        try (VideoWriter writer = VideoWriter.create(path, width, height, 25, encoding)) {
            for (int i = 0; i < 3; i++) {
                writer.add(picture, 0);
            }
            writer.finish();
        }
        try (VideoFile film = VideoFile.open(path); FrameReader frames = film.frames(Framing.whole())) {
            ByteBuffer seen = SharedFilms.buffer(frames);
            assertTrue(frames.next());
            frames.copyTo(seen, 0);
            assertTrue(film.damage().isNone(), film.damage().describe());
            return seen;
        }
    }

    private static void assertBars(ByteBuffer seen, int tolerance) {
        for (int bar = 0; bar < 8; bar++) {
            // the middle of the bar: at its edges subsampled chroma mixes
            for (int y = 4; y < HEIGHT; y += 13) {
                int colour = SharedFilms.pixel(seen, WIDTH, y, bar * 16 + 8);
                assertTrue(SharedFilms.distance(COLOURS[bar], colour) <= tolerance,
                        String.format("bar %d: wrote %06x, read %06x", bar, COLOURS[bar], colour));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"yuv420p, false, false", "yuv420p, true, false", "yuv420p, false, true", "yuv422p, true, true",
        "yuv444p, false, false", "yuv444p, true, false", "yuv420p10le, true, false", "yuv444p12le, false, false"})
    void losslessColoursComeBack(String format, boolean bt709, boolean full) {
        // two conversions rounded to 8 bits of a range of 219 levels, the inverse matrix growing errors to 2 levels
        assertBars(through("mkv", WIDTH, HEIGHT, BARS, Encoding.standard().withCodec("ffv1", format)
                .withColour(bt709, full)), 3);
    }

    @ParameterizedTest
    @CsvSource({"yuv420p, false, false", "yuv420p, true, false", "yuv420p, false, true", "yuv420p10le, true, false"})
    void coloursComeBackWhenMadeMuchSmaller(String format, boolean bt709, boolean full) {
        Path path = dir.resolve("film.mkv");
        Encoding encoding = Encoding.standard().withCodec("ffv1", format).withColour(bt709, full);
        for (int colour : COLOURS) {
            try (VideoWriter writer = VideoWriter.create(path, 120, 90, 25, encoding)) {
                writer.add(SharedFilms.picture(120, 90, (y, x) -> colour), 0);
                writer.finish();
            }
            try (VideoFile film = VideoFile.open(path); FrameReader frames = film.frames(Framing.square(16))) {
                ByteBuffer seen = SharedFilms.buffer(frames);
                assertTrue(frames.next());
                frames.copyTo(seen, 0);
                int read = SharedFilms.pixel(seen, 16, 8, 8);
                // swscale's conversion by tables is up to 4 levels off
                assertTrue(SharedFilms.distance(colour, read) <= 4, String.format("wrote %06x, read %06x", colour, read));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"mkv, ffv1, bgr0", "mkv, ffv1, gbrp10le", "avi, rawvideo, bgr24", "mkv, png, rgb24"})
    void storedRgbComesBackExactly(String ending, String codec, String format) {
        assertBars(through(ending, WIDTH, HEIGHT, BARS, Encoding.standard().withCodec(codec, format)), 0);
    }

    @ParameterizedTest
    @CsvSource({"mp4, libopenh264, yuv420p", "webm, libvpx, yuv420p", "webm, libvpx-vp9, yuv444p", "mkv, mjpeg, yuvj420p",
        "mp4, mpeg4, yuv420p"})
    void lossyCodecsKeepColours(String ending, String codec, String format) {
        Encoding encoding = Encoding.standard().withCodec(codec, format).withRate(6, 10)
                .withColour(false, format.startsWith("yuvj"));
        assertBars(through(ending, WIDTH, HEIGHT, BARS, encoding), 10);
    }

    @ParameterizedTest
    @CsvSource({"127, 47, yuv420p", "33, 17, yuv444p", "2, 2, yuv420p", "1, 1, yuv444p", "9, 50, yuv420p", "641, 3, yuv422p"})
    void oddSizesKeepTheirPixels(int width, int height, String format) {
        // grey has no chroma, so that every pixel must survive, those of the last odd row and column too
        IntBinaryOperator grey = (y, x) -> (16 + (x * 7 + y * 13) % 200) * 0x010101;
        ByteBuffer seen = through("mkv", width, height, grey, Encoding.standard().withCodec("ffv1", format));
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                assertTrue(SharedFilms.distance(grey.applyAsInt(y, x), SharedFilms.pixel(seen, width, y, x)) <= 1,
                        "row " + y + ", column " + x);
            }
        }
    }

    @Test
    void interlacedFramesShowTheirFirstField() {
        // the first field is a ramp, the second, 1/50 s later, is all white: a comb where the two are mixed
        IntBinaryOperator comb = (y, x) -> y % 2 == 0 ? (y * 2) * 0x010101 : 0xffffff;
        ByteBuffer seen = through("mkv", 32, 96, comb, Encoding.standard().withCodec("ffv1", "yuv420p").withInterlaced());
        for (int y = 0; y < 95; y++) {
            int expected = y * 2 * 0x010101;
            assertTrue(SharedFilms.distance(expected, SharedFilms.pixel(seen, 32, y, 16)) <= 2, "row " + y + " shows "
                    + Integer.toHexString(SharedFilms.pixel(seen, 32, y, 16)));
        }
    }

    @Test
    void interlacedMpeg2IsRecognised() {
        IntBinaryOperator comb = (y, x) -> y % 2 == 0 ? 0x404040 : 0xc0c0c0;
        ByteBuffer seen = through("mpg", 64, 64, comb,
                Encoding.standard().withCodec("mpeg2video", "yuv420p").withInterlaced().withRate(4, 10));
        for (int y = 0; y < 64; y++) {
            assertTrue(SharedFilms.distance(0x404040, SharedFilms.pixel(seen, 64, y, 30)) <= 8, "row " + y);
        }
    }

    @Test
    void untaggedColoursFollowTheSize() {
        int unspecified = avutil.AVCOL_SPC_UNSPECIFIED;
        assertEquals(avutil.AVCOL_SPC_SMPTE170M, PictureConverter.matrix(unspecified, 720, 576));
        assertEquals(avutil.AVCOL_SPC_BT709, PictureConverter.matrix(unspecified, 1280, 536));
        assertEquals(avutil.AVCOL_SPC_BT709, PictureConverter.matrix(unspecified, 608, 1080));
        assertEquals(avutil.AVCOL_SPC_BT470BG, PictureConverter.matrix(avutil.AVCOL_SPC_BT470BG, 1920, 1080));
        assertEquals(avutil.AVCOL_SPC_BT2020_NCL, PictureConverter.matrix(avutil.AVCOL_SPC_BT2020_NCL, 640, 360));
    }
}
