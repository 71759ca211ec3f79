package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CropDrawTest {
    private static final int DRAWS = 3000;

    private static AreaCrop crop(AreaCrop.Law law, double leastArea, double mostArea, double leastAspect, double mostAspect) {
        return new AreaCrop(List.of(leastArea, mostArea), List.of(leastAspect, mostAspect), law, 100);
    }

    private static List<CropWindow> draws(AreaCrop crop, int height, int width) {
        return IntStream.range(0, DRAWS).mapToObj(i -> crop.draw(height, width, 224, new Philox(1, i, 0))).toList();
    }

    /** Rounding a side moves it by half a pixel at most, TensorFlow's law and ours by one. */
    @ParameterizedTest
    @EnumSource
    void rectanglesLieInThePictureAndTheRanges(AreaCrop.Law law) {
        for (int[] picture : new int[][] {{256, 340}, {340, 256}, {31, 17}, {256, 256}}) {
            int height = picture[0];
            int width = picture[1];
            for (CropWindow window : draws(crop(law, 0.3, 0.8, 0.5, 2), height, width)) {
                int h = window.vertical().length();
                int w = window.horizontal().length();
                assertTrue(window.vertical().first() >= 0 && window.vertical().first() + h <= height, window::toString);
                assertTrue(window.horizontal().first() >= 0 && window.horizontal().first() + w <= width, window::toString);
                double pixels = height * width;
                assertTrue((h + 1) * (w + 1) >= 0.3 * pixels && (h - 1) * (w - 1) <= 0.8 * pixels, window::toString);
                assertTrue((w + 1.0) / (h - 1) >= 0.5 && (w - 1.0) / (h + 1) <= 2, window::toString);
                assertEquals(new CropWindow.Span(window.vertical().first(), h, 224, 0), window.vertical());
            }
        }
    }

    /** Kolmogorov and Smirnov's test at the level of 0.1 %. */
    private static void assertUniform(double low, double high, double[] values) {
        double[] sorted = IntStream.range(0, values.length).mapToDouble(i -> (values[i] - low) / (high - low)).sorted().toArray();
        for (int i = 0; i < sorted.length; i++) {
            assertEquals((i + 0.5) / sorted.length, sorted[i], 1.95 / Math.sqrt(sorted.length), "element " + i);
        }
    }

    @Test
    void areaLawHasAUniformArea() {
        for (AreaCrop.Law law : List.of(AreaCrop.Law.AREA, AreaCrop.Law.LOG_ASPECT)) {
            List<CropWindow> draws = draws(crop(law, 0.1, 0.3, 0.5, 2), 4000, 4000);
            assertUniform(0.1, 0.3, draws.stream().mapToDouble(d -> d.vertical().length() / 16e6 * d.horizontal().length()).toArray());
        }
        assertUniform(0.5, 2, aspects(draws(crop(AreaCrop.Law.AREA, 0.1, 0.3, 0.5, 2), 4000, 4000)));
        double[] aspects = aspects(draws(crop(AreaCrop.Law.LOG_ASPECT, 0.1, 0.3, 0.5, 2), 4000, 4000));
        assertUniform(-Math.log(2), Math.log(2), Arrays.stream(aspects).map(Math::log).toArray());
    }

    private static double[] aspects(List<CropWindow> draws) {
        return draws.stream().mapToDouble(d -> (double) d.horizontal().length() / d.vertical().length()).toArray();
    }

    @Test
    void heightLawHasAUniformHeight() {
        List<CropWindow> draws = draws(crop(AreaCrop.Law.HEIGHT, 0.25, 1, 1, 1), 4000, 4000);
        assertUniform(2000, 4000, draws.stream().mapToDouble(d -> d.vertical().length()).toArray());
        // a wide rectangle of the largest area would not fit: its height ends where its width fills the picture
        List<CropWindow> wide = draws(crop(AreaCrop.Law.HEIGHT, 0.1, 1, 2, 2), 4000, 4000);
        assertUniform(4000 * Math.sqrt(0.05), 2000, wide.stream().mapToDouble(d -> d.vertical().length()).toArray());
    }

    @Test
    void positionsFillTheRoom() {
        List<CropWindow> draws = draws(crop(AreaCrop.Law.AREA, 0.25, 0.25, 1, 1), 10, 10);
        int[] counts = new int[6];
        draws.forEach(d -> counts[d.vertical().first()]++);
        for (int count : counts) {
            // binomial, four standard deviations
            assertEquals(DRAWS / 6.0, count, 4 * Math.sqrt(DRAWS * 5 / 36.0));
        }
        List<CropWindow> tensorFlow = draws(crop(AreaCrop.Law.HEIGHT, 0.25, 0.25, 1, 1), 10, 10);
        assertEquals(4, tensorFlow.stream().mapToInt(d -> d.vertical().first()).max().orElseThrow(), "the last position is left out");
    }

    @Test
    void fallbacks() {
        Philox random = new Philox(0, 0, 0);
        AreaCrop squarish = crop(AreaCrop.Law.LOG_ASPECT, 0.3, 1, 0.75, 1.3333);
        assertEquals(CropWindow.of(24, 0, 1, 1, 224), squarish.draw(50, 1, 224, random));
        assertEquals(CropWindow.of(0, 22, 4, 5, 224), squarish.draw(4, 50, 224, random));
        assertEquals(CropWindow.of(0, 0, 50, 1, 224), crop(AreaCrop.Law.HEIGHT, 0.3, 1, 0.5, 2).draw(50, 1, 224, random));
    }

    @Test
    void scaledPicturesAreCutInside() {
        ScaleCrop crop = new ScaleCrop(List.of(256.0, 320.0));
        boolean[] seen = new boolean[321];
        for (int i = 0; i < DRAWS; i++) {
            CropWindow window = crop.draw(240, 427, 224, new Philox(2, i, 0));
            int side = window.vertical().scaled();
            seen[side] = true;
            assertEquals((int) Math.floor(427.0 / 240 * side), window.horizontal().scaled());
            assertTrue(window.vertical().offset() >= 0 && window.vertical().offset() < side - 224, window::toString);
            assertTrue(window.horizontal().offset() >= 0 && window.horizontal().offset() < window.horizontal().scaled() - 224);
        }
        assertEquals(65, IntStream.range(256, 321).filter(i -> seen[i]).count());
        assertEquals(0, new ScaleCrop(List.of(224.0, 224.0)).draw(9, 9, 224, new Philox(0, 0, 0)).vertical().offset());
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(KinemaException.class, () -> crop(AreaCrop.Law.AREA, 0.5, 1.1, 1, 1));
        assertThrows(KinemaException.class, () -> crop(AreaCrop.Law.AREA, 0.5, 0.4, 1, 1));
        assertThrows(KinemaException.class, () -> crop(AreaCrop.Law.AREA, 0.5, 1, 0, 1));
        assertThrows(KinemaException.class, () -> new AreaCrop(List.of(0.1), List.of(1.0, 1.0), AreaCrop.Law.AREA, 1));
        assertThrows(KinemaException.class, () -> new AreaCrop(List.of(0.1, 1.0), List.of(1.0, 1.0), AreaCrop.Law.AREA, 0));
        assertThrows(KinemaException.class, () -> new ScaleCrop(List.of(0.0, 1.0)));
    }
}
