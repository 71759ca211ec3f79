package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.config.ConfigWriter;
import dev.kinema.graph.Philox;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AugmentationTest {
    private static final int FRAMES = 2;
    private static final int SIZE = 20;

    /** Rounding to u8 is half a level; the rest is for single precision. */
    private static final double TOLERANCE = 0.51;

    /** What is done to nothing: every part is off. */
    private static final Draw NOTHING = draw(false, 0, 1, 1, 1, 0, false, 0, false);

    private static Draw draw(boolean jitter, int order, double brightness, double contrast, double saturation, double hue,
            boolean grayscale, double sigma, boolean solarise) {
        return new Draw(CropWindow.of(0, 0, SIZE, SIZE, SIZE), false, jitter, order, brightness, contrast, saturation, hue, grayscale,
                sigma > 0, sigma, solarise);
    }

    private static Draw moved(Draw draw, CropWindow window, boolean flip) {
        return new Draw(window, flip, draw.jitter(), draw.order(), draw.brightness(), draw.contrast(), draw.saturation(), draw.hue(),
                draw.grayscale(), draw.blur(), draw.sigma(), draw.solarise());
    }

    /** Random pixels, some without colour, some black, some at both ends. */
    static ByteBuffer noise(int seed, int frames, int height, int width) {
        Philox random = new Philox(seed, 0, 0);
        ByteBuffer pictures = ByteBuffer.allocate(frames * height * width * 3);
        for (int i = 0; i < frames * height * width; i++) {
            for (int c = 0; c < 3; c++) {
                int bits = random.bits(4L * i + (i % 7 == 0 ? 0 : c)) >>> 24;
                pictures.put((byte) (i % 11 == 0 ? 0 : i % 13 == 0 ? (bits > 127 ? 255 : 0) : bits));
            }
        }
        return pictures;
    }

    private static Augmentation settings(Augmentation.Order order, ColourArithmetic arithmetic, GaussianBlur.Border border) {
        return new Augmentation(0, SIZE, order, Augmentation.CVRL.areaCrop(), Optional.empty(), 0.5, arithmetic, Augmentation.CVRL.jitter(),
                0.2, Optional.of(new GaussianBlur(List.of(1.0), List.of(0.1, 2.0), 11, border)),
                Optional.of(new Solarise(List.of(0.2), 0.3)));
    }

    private static byte[] run(Augmentation settings, Draw draw, ByteBuffer pictures, int height, int width) {
        ByteBuffer out = ByteBuffer.allocate(5 + FRAMES * SIZE * SIZE * 3);
        new AugmentationWorker(settings).apply(draw, pictures, FRAMES, height, width, out, 5);
        return Arrays.copyOfRange(out.array(), 5, out.capacity());
    }

    private static void assertClose(double[][][][] expected, byte[] actual) {
        for (int i = 0; i < actual.length; i++) {
            double value = expected[i / 3 / SIZE / SIZE][i / 3 / SIZE % SIZE][i / 3 % SIZE][i % 3] * 255;
            assertEquals(value, actual[i] & 0xff, TOLERANCE, "byte " + i);
        }
    }

    private static void assertDoes(ColourArithmetic arithmetic, GaussianBlur.Border border, Draw draw,
            UnaryOperator<double[][][][]> exact) {
        ByteBuffer pictures = noise(1, FRAMES, SIZE, SIZE);
        double[][][][] expected = exact.apply(ExactColours.of(pictures, FRAMES, SIZE, SIZE));
        assertClose(expected, run(settings(Augmentation.Order.CROP_FIRST, arithmetic, border), draw, pictures, SIZE, SIZE));
    }

    @ParameterizedTest
    @EnumSource
    void eachColourOperation(ColourArithmetic arithmetic) {
        GaussianBlur.Border border = GaussianBlur.Border.ZERO;
        for (double f : new double[] {0.2, 0.9, 1.8}) {
            assertDoes(arithmetic, border, draw(true, 0, f, 1, 1, 0, false, 0, false), c -> ExactColours.brightness(c, f));
            assertDoes(arithmetic, border, draw(true, 0, 1, f, 1, 0, false, 0, false), c -> ExactColours.contrast(c, f, arithmetic));
            assertDoes(arithmetic, border, draw(true, 0, 1, 1, f, 0, false, 0, false), c -> ExactColours.saturation(c, f, arithmetic));
        }
        for (double turn : new double[] {-0.5, -0.2, -1e-9, 0, 0.05, 0.2, 0.5}) {
            assertDoes(arithmetic, border, draw(true, 0, 1, 1, 1, turn, false, 0, false), c -> ExactColours.hue(c, turn));
        }
        assertDoes(arithmetic, border, draw(false, 0, 1, 1, 1, 0, true, 0, false), c -> ExactColours.grayscale(c, arithmetic));
        assertDoes(arithmetic, border, draw(false, 0, 1, 1, 1, 0, false, 0, true), c -> ExactColours.solarise(c, 0.3));
        assertDoes(arithmetic, border, NOTHING, c -> c);
    }

    @ParameterizedTest
    @EnumSource
    void blurIsAGaussianOfTheFrame(GaussianBlur.Border border) {
        for (double sigma : new double[] {0.1, 0.7, 2}) {
            assertDoes(ColourArithmetic.TENSORFLOW, border, draw(false, 0, 1, 1, 1, 0, false, sigma, false),
                    c -> ExactColours.blur(c, sigma, 11, border));
        }
    }

    @Test
    void blurRadiusZeroIsThreeDeviations() {
        GaussianBlur blur = new GaussianBlur(List.of(1.0), List.of(0.1, 2.0), 0, GaussianBlur.Border.EDGE);
        assertEquals(List.of(1, 3, 6), List.of(blur.radius(0.1), blur.radius(0.9), blur.radius(2)));
        assertEquals(11, Augmentation.CVRL.blur().orElseThrow().radius(2));
        float[] taps = BlurPass.taps(2, 6);
        assertEquals(1, taps[0] + 2 * (taps[1] + taps[2] + taps[3] + taps[4] + taps[5] + taps[6]), 1e-6);
    }

    @Test
    void cropScalesAndFlips() {
        ByteBuffer pictures = noise(3, FRAMES, 33, 47);
        CropWindow.Span lines = new CropWindow.Span(0, 33, 25, 3);
        CropWindow.Span columns = new CropWindow.Span(0, 47, 35, 14);
        for (CropWindow window : List.of(CropWindow.of(5, 7, 28, 13, SIZE), CropWindow.of(32, 0, 1, 47, SIZE),
                new CropWindow(lines, columns))) {
            for (boolean flip : new boolean[] {false, true}) {
                double[][][][] expected = ExactColours.cut(ExactColours.of(pictures, FRAMES, 33, 47), window, SIZE, flip);
                for (Augmentation.Order order : Augmentation.Order.values()) {
                    assertClose(expected, run(settings(order, ColourArithmetic.PILLOW, GaussianBlur.Border.EDGE),
                            moved(NOTHING, window, flip), pictures, 33, 47));
                }
            }
        }
    }

    /** Everything at once, in the orders of both references, jitter in order 13: saturation, brightness, hue, contrast. */
    @Test
    void operationsFollowEachOther() {
        assertEquals(List.of(2, 0, 3, 1), List.of(ColourOrder.operation(13, 0), ColourOrder.operation(13, 1), ColourOrder.operation(13, 2),
                ColourOrder.operation(13, 3)));
        ByteBuffer pictures = noise(4, FRAMES, 33, 47);
        CropWindow window = CropWindow.of(5, 7, 28, 33, SIZE);
        Draw draw = moved(draw(true, 13, 1.3, 0.6, 1.4, 0.1, false, 0.8, false), window, true);
        UnaryOperator<double[][][][]> colours = c -> ExactColours.blur(ExactColours.contrast(ExactColours.hue(ExactColours.brightness(
                ExactColours.saturation(c, 1.4, ColourArithmetic.PILLOW), 1.3), 0.1), 0.6, ColourArithmetic.PILLOW), 0.8, 11,
                GaussianBlur.Border.EDGE);
        double[][][][] clip = ExactColours.of(pictures, FRAMES, 33, 47);
        assertClose(colours.apply(ExactColours.cut(clip, window, SIZE, true)),
                run(settings(Augmentation.Order.CROP_FIRST, ColourArithmetic.PILLOW, GaussianBlur.Border.EDGE), draw, pictures, 33, 47));
        assertClose(ExactColours.cut(colours.apply(clip), window, SIZE, true),
                run(settings(Augmentation.Order.COLOUR_FIRST, ColourArithmetic.PILLOW, GaussianBlur.Border.EDGE), draw, pictures, 33, 47));
    }

    @Test
    void knownColours() {
        int[][] turns = {{255, 0, 0, 0, 255, 0}, {0, 255, 0, 0, 0, 255}, {0, 0, 255, 255, 0, 0}, {255, 255, 0, 0, 255, 255},
            {200, 100, 100, 100, 200, 100}, {77, 77, 77, 77, 77, 77}, {0, 0, 0, 0, 0, 0}};
        for (int[] turn : turns) {
            ByteBuffer pictures = ByteBuffer.allocate(FRAMES * SIZE * SIZE * 3);
            while (pictures.hasRemaining()) {
                pictures.put((byte) turn[0]).put((byte) turn[1]).put((byte) turn[2]);
            }
            Augmentation settings = settings(Augmentation.Order.CROP_FIRST, ColourArithmetic.TENSORFLOW, GaussianBlur.Border.ZERO);
            byte[] third = run(settings, draw(true, 0, 1, 1, 1, 1 / 3.0, false, 0, false), pictures, SIZE, SIZE);
            assertArrayEquals(new byte[] {(byte) turn[3], (byte) turn[4], (byte) turn[5]}, Arrays.copyOf(third, 3));
            byte[] grey = run(settings, draw(false, 0, 1, 1, 1, 0, true, 0, false), pictures, SIZE, SIZE);
            assertEquals(Math.round(0.2989 * turn[0] + 0.5870 * turn[1] + 0.1140 * turn[2]), grey[0] & 0xff);
            assertEquals(List.of(grey[0], grey[0]), List.of(grey[1], grey[2]));
        }
    }

    /** One draw for all frames: equal frames stay equal, whatever was drawn. */
    @Test
    void equalFramesStayEqual() {
        ByteBuffer one = noise(5, 1, 40, 55);
        ByteBuffer pictures = ByteBuffer.allocate(3 * one.capacity()).put(one.array()).put(one.array()).put(one.array());
        for (Augmentation settings : List.of(Augmentation.CVRL.withSize(40, 32), Augmentation.MOCO.withSize(40, 32),
                Augmentation.SUPERVISED.withSize(40, 32))) {
            int frame = 32 * 32 * 3;
            for (int clip = 0; clip < 30; clip++) {
                ByteBuffer out = ByteBuffer.allocate(3 * frame);
                settings.worker().apply(pictures, 3, 40, 55, clip % 2, 0, new Philox(8, clip, 0), out, 0);
                byte[] first = Arrays.copyOf(out.array(), frame);
                assertArrayEquals(first, Arrays.copyOfRange(out.array(), frame, 2 * frame));
                assertArrayEquals(first, Arrays.copyOfRange(out.array(), 2 * frame, 3 * frame));
            }
        }
    }

    /** Whatever the worker did before. */
    @Test
    void sameStreamSameBytes() {
        for (Augmentation settings : List.of(Augmentation.CVRL.withSize(40, 32), Augmentation.MOCO.withSize(40, 32))) {
            ClipTransform.Worker used = settings.worker();
            byte[] last = new byte[0];
            for (int clip = 0; clip < 20; clip++) {
                int width = 70 - clip;
                ByteBuffer pictures = noise(clip, 4, 40, width);
                ByteBuffer fresh = ByteBuffer.allocateDirect(4 * 32 * 32 * 3);
                ByteBuffer again = ByteBuffer.allocate(4 * 32 * 32 * 3);
                settings.worker().apply(pictures, 4, 40, width, 1, 0, new Philox(9, clip, 0), fresh, 0);
                used.apply(pictures, 4, 40, width, 1, 0, new Philox(9, clip, 0), again, 0);
                assertEquals(fresh, again);
                assertFalse(Arrays.equals(last, again.array()));
                last = again.array();
            }
        }
    }

    @Test
    void narrowPictures() {
        for (Augmentation settings : List.of(Augmentation.CVRL, Augmentation.MOCO, Augmentation.SUPERVISED)) {
            Augmentation small = settings.withSize(0, 16);
            for (int[] picture : new int[][] {{1, 1}, {1, 9}, {9, 1}}) {
                ByteBuffer out = ByteBuffer.allocate(16 * 16 * 3);
                ByteBuffer pictures = ByteBuffer.allocate(picture[0] * picture[1] * 3);
                Arrays.fill(pictures.array(), (byte) 200);
                for (int clip = 0; clip < 20; clip++) {
                    small.worker().apply(pictures, 1, picture[0], picture[1], 0, 0, new Philox(1, clip, 0), out, 0);
                    // one colour stays one colour away from black borders
                    assertEquals(out.get(8 * 48 + 24), out.get(7 * 48 + 21), 1);
                }
            }
        }
    }

    @Test
    void settingsAreReadAndWritten() {
        for (Augmentation settings : List.of(Augmentation.CVRL, Augmentation.MOCO, Augmentation.SUPERVISED)) {
            assertEquals(settings, ConfigReader.parse("yaml", ConfigWriter.write(settings), Augmentation.class));
        }
        assertRefused("size: 224", "size: 0", "size is 0: use 1 to 16384 pixels");
        assertRefused("flip: 0.5", "flip: 1.5", "flip is 1.5: a probability lies between 0 and 1");
        assertRefused("  hue: [-0.2, 0.2]", "  hue: [0.2]", "hue is [0.2]: give [low, high], both between -0.5 and 0.5");
        assertRefused("flip: 0.5", "flip: 0.5\nscale_crop: {scaled_side: [256, 320]}", "are both given: give one of them");
        assertRefused("  probability: [0.0, 0.2]", "  probability: []", "probability is empty");
        assertRefused("  radius: 11", "  radius: -1", "radius is -1: use 0");
        assertThrows(KinemaException.class, () -> new Augmentation(0, 225, Augmentation.Order.CROP_FIRST, Optional.empty(),
                Optional.of(new ScaleCrop(List.of(224.0, 256.0))), 0.5, ColourArithmetic.PILLOW, Optional.empty(), 0, Optional.empty(),
                Optional.empty()));
        assertThrows(IllegalArgumentException.class, () -> Augmentation.CVRL.worker().apply(ByteBuffer.allocate(3), 1, 1, 1, 0, 1,
                new Philox(0, 0, 0), ByteBuffer.allocate(1), 0));
    }

    private static void assertRefused(String line, String wrong, String expected) {
        String yaml = ConfigWriter.write(Augmentation.CVRL).replace(line + "\n", wrong + "\n");
        String message = assertThrows(KinemaException.class, () -> ConfigReader.parse("yaml", yaml, Augmentation.class)).getMessage();
        assertEquals(true, message.contains(expected), message);
    }
}
