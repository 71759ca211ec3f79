package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FramingTest {
    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource({
        // width, height, short side, crop: scaled width, height, offset x, y by PySlowFast's rules
        "800, 332, 224, 224, 539, 224, 158, 0",
        "1280, 720, 224, 224, 398, 224, 87, 0",
        "270, 480, 224, 224, 224, 398, 0, 87",
        "427, 241, 224, 224, 396, 224, 86, 0",
        "320, 240, 256, 224, 341, 256, 59, 16",
        "640, 224, 224, 224, 640, 224, 208, 0",
        "17, 17, 5, 5, 5, 5, 0, 0",
        "101, 50, 50, 49, 101, 50, 26, 1"})
    void sizesAreThoseOfTheReference(int width, int height, int side, int crop, int scaledWidth, int scaledHeight,
            int offsetX, int offsetY) {
        Framing framing = new Framing(side, crop);
        assertEquals(scaledWidth, framing.scaled(width, height));
        assertEquals(scaledHeight, framing.scaled(height, width));
        assertEquals(offsetX, framing.offset(width, height));
        assertEquals(offsetY, framing.offset(height, width));
        assertEquals(crop, framing.output(width, height));
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Framing(100, 101));
        assertThrows(IllegalArgumentException.class, () -> new Framing(0, 10));
        assertThrows(IllegalArgumentException.class, () -> Framing.square(0));
    }

    /** PyTorch, {@code interpolate(torch.tensor([[[0., 10., 20., 40.]]]), size=n, mode="linear", align_corners=False)}. */
    @Test
    void tapsAreThoseOfPyTorch() {
        assertSamples(new double[] {5, 30}, Taps.of(4, 2, 0, 2, false));
        assertSamples(new double[] {1.6666667, 15, 36.666667}, Taps.of(4, 3, 0, 3, false));
        assertSamples(new double[] {0, 2.5, 7.5, 12.5, 17.5, 25, 35, 40}, Taps.of(4, 8, 0, 8, false));
        assertSamples(new double[] {35, 25, 17.5}, new Taps(new int[] {2, 2, 1}, new int[] {3, 3, 2},
                new float[] {0.75f, 0.25f, 0.75f}));
        Taps flipped = Taps.of(4, 8, 1, 3, true);
        assertSamples(new double[] {35, 25, 17.5}, flipped);
    }

    private static void assertSamples(double[] expected, Taps taps) {
        double[] line = {0, 10, 20, 40};
        for (int i = 0; i < expected.length; i++) {
            double value = line[taps.low()[i]] * (1 - taps.weight()[i]) + line[taps.high()[i]] * taps.weight()[i];
            assertEquals(expected[i], value, 1e-5);
        }
    }

    @ParameterizedTest
    @CsvSource({"53, 31, 24, 24, 0", "53, 31, 24, 20, 90", "31, 53, 17, 16, 180", "30, 30, 41, 41, 270",
        "200, 34, 34, 34, 0", "53, 31, 0, 0, 90", "67, 200, 9, 0, 270"})
    void picturesAreScaledTurnedAndCroppedAsComputedInDoubles(int width, int height, int side, int crop, int degrees) {
        Random random = new Random(side);
        ByteBuffer stored = SharedFilms.picture(width, height, (y, x) -> random.nextInt(1 << 24));
        ByteBuffer upright = turned(stored, width, height, degrees);
        boolean across = degrees % 180 != 0;
        int shownWidth = across ? height : width;
        int shownHeight = across ? width : height;
        // MOV holds both RGB and a display matrix
        Path path = dir.resolve("film.mov");
        Encoding encoding = Encoding.standard().withCodec("qtrle", "rgb24").withRotation(degrees);
        try (VideoWriter writer = VideoWriter.create(path, width, height, 25, encoding)) {
            writer.add(stored, 0);
            writer.finish();
        }
        Framing framing = new Framing(side, crop);
        try (VideoFile film = VideoFile.open(path); FrameReader frames = film.frames(framing)) {
            assertEquals(degrees, film.rotation());
            assertEquals(shownWidth, film.width());
            assertEquals(shownHeight, film.height());
            ByteBuffer seen = ByteBuffer.allocateDirect(frames.pictureBytes() + 7);
            assertTrue(frames.next());
            frames.copyTo(seen, 7);
            for (int y = 0; y < frames.height(); y++) {
                for (int x = 0; x < frames.width(); x++) {
                    for (int c = 0; c < 3; c++) {
                        double expected = sample(upright, shownWidth, shownHeight, framing, y, x, c);
                        int actual = seen.get(7 + (y * frames.width() + x) * 3 + c) & 0xff;
                        // rounding to a level, and single precision
                        assertEquals(expected, actual, 0.501, "row " + y + ", column " + x + ", channel " + c);
                    }
                }
            }
        }
    }

    private static ByteBuffer turned(ByteBuffer rgb, int width, int height, int degrees) {
        return switch (degrees) {
            case 90 -> SharedFilms.picture(height, width, (y, x) -> SharedFilms.pixel(rgb, width, height - 1 - x, y));
            case 180 -> SharedFilms.picture(width, height,
                    (y, x) -> SharedFilms.pixel(rgb, width, height - 1 - y, width - 1 - x));
            case 270 -> SharedFilms.picture(height, width, (y, x) -> SharedFilms.pixel(rgb, width, x, width - 1 - y));
            default -> rgb;
        };
    }

    private static double sample(ByteBuffer rgb, int width, int height, Framing framing, int y, int x, int channel) {
        double v = position(framing.offset(height, width) + y, height, framing.scaled(height, width));
        double u = position(framing.offset(width, height) + x, width, framing.scaled(width, height));
        int top = (int) v;
        int left = (int) u;
        int bottom = Math.min(top + 1, height - 1);
        int right = Math.min(left + 1, width - 1);
        double upper = value(rgb, width, top, left, channel) * (1 - (u - left))
                + value(rgb, width, top, right, channel) * (u - left);
        double lower = value(rgb, width, bottom, left, channel) * (1 - (u - left))
                + value(rgb, width, bottom, right, channel) * (u - left);
        return upper * (1 - (v - top)) + lower * (v - top);
    }

    private static double position(int i, int source, int scaled) {
        return Math.max(0, (i + 0.5) * source / scaled - 0.5);
    }

    private static int value(ByteBuffer rgb, int width, int y, int x, int channel) {
        return rgb.get((y * width + x) * 3 + channel) & 0xff;
    }
}
