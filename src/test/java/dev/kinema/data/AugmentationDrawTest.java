package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.graph.Philox;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The laws that draws follow, over many clips. Bounds are those that chance alone passes once in a thousand tests or less. */
class AugmentationDrawTest {
    private static final int CLIPS = 4000;

    private static List<Draw> draws(Augmentation settings, int view, int height, int width) {
        Philox random = new Philox(0, 0, 0);
        return IntStream.range(0, CLIPS).mapToObj(clip -> {
            random.reset(17, clip, 5);
            return settings.draw(height, width, view, random);
        }).toList();
    }

    private static void assertRate(double p, List<Draw> draws, Predicate<Draw> what) {
        double rate = draws.stream().filter(what).count() / (double) CLIPS;
        assertEquals(p, rate, 4 * Math.sqrt(p * (1 - p) / CLIPS));
    }

    /** Kolmogorov and Smirnov's test; its bound at the level of 0.1 %. */
    private static void assertUniform(double low, double high, List<Draw> draws, ToDoubleFunction<Draw> what) {
        double[] values = draws.stream().mapToDouble(what).sorted().toArray();
        assertTrue(values[0] >= low && values[CLIPS - 1] <= high, values[0] + " to " + values[CLIPS - 1]);
        double worst = 0;
        for (int i = 0; i < CLIPS; i++) {
            double share = (values[i] - low) / (high - low);
            worst = Math.max(worst, Math.max(share - i / (double) CLIPS, (i + 1) / (double) CLIPS - share));
        }
        assertTrue(worst < 1.95 / Math.sqrt(CLIPS), "largest distance " + worst);
    }

    @Test
    void cvrl() {
        List<Draw> first = draws(Augmentation.CVRL, 0, 256, 340);
        List<Draw> second = draws(Augmentation.CVRL, 1, 256, 340);
        assertRate(0.5, first, Draw::flip);
        assertRate(0.8, first, Draw::jitter);
        assertRate(0.2, first, Draw::grayscale);
        assertRate(1, first, Draw::blur);
        assertRate(0, first, Draw::solarise);
        assertRate(0.1, second, Draw::blur);
        assertRate(0.2, second, Draw::solarise);
        assertUniform(0.2, 1.8, first, Draw::brightness);
        assertUniform(0.2, 1.8, first, Draw::contrast);
        assertUniform(0.2, 1.8, first, Draw::saturation);
        assertUniform(-0.2, 0.2, first, Draw::hue);
        assertUniform(0.1, 2, first, Draw::sigma);
    }

    @Test
    void moco() {
        List<Draw> draws = draws(Augmentation.MOCO, 1, 256, 340);
        assertRate(0.5, draws, Draw::flip);
        assertRate(0.8, draws, Draw::jitter);
        assertRate(0.2, draws, Draw::grayscale);
        assertRate(0.5, draws, Draw::blur);
        assertRate(0, draws, Draw::solarise);
        assertUniform(0.4, 1.6, draws, Draw::contrast);
        assertUniform(-0.15, 0.15, draws, Draw::hue);
    }

    @Test
    void supervised() {
        List<Draw> draws = draws(Augmentation.SUPERVISED, 0, 256, 340);
        assertRate(0.5, draws, Draw::flip);
        assertFalse(draws.stream().anyMatch(Draw::changesValues));
        assertUniform(256, 320, draws, d -> d.window().vertical().scaled());
    }

    @Test
    void allOrdersAreEquallyLikely() {
        int[] counts = new int[ColourOrder.COUNT];
        draws(Augmentation.CVRL, 0, 256, 340).forEach(d -> counts[d.order()]++);
        double expected = CLIPS / 24.0;
        double chiSquare = Arrays.stream(counts).mapToDouble(c -> (c - expected) * (c - expected) / expected).sum();
        assertTrue(chiSquare < 49.73, "chi-square of 23 degrees of freedom " + chiSquare);
        Set<List<Integer>> orders = new HashSet<>();
        for (int order = 0; order < ColourOrder.COUNT; order++) {
            int number = order;
            List<Integer> operations = IntStream.range(0, 4).mapToObj(place -> ColourOrder.operation(number, place)).toList();
            assertEquals(Set.of(0, 1, 2, 3), Set.copyOf(operations));
            orders.add(operations);
        }
        assertEquals(24, orders.size());
    }

    @Test
    void whatIsLeftOutChangesNoOtherDraw() {
        Augmentation all = Augmentation.CVRL;
        Augmentation few = new Augmentation(256, 224, all.order(), all.areaCrop(), Optional.empty(), all.flip(), all.arithmetic(),
                Optional.empty(), 0, all.blur(), Optional.empty());
        for (int clip = 0; clip < 100; clip++) {
            Draw a = all.draw(256, 340, 1, new Philox(3, clip, 0));
            Draw b = few.draw(256, 340, 1, new Philox(3, clip, 0));
            assertEquals(a.window(), b.window());
            assertEquals(List.of(a.flip(), a.blur(), a.sigma(), a.order()), List.of(b.flip(), b.blur(), b.sigma(), b.order()));
        }
    }

    @Test
    void drawsOfAClipAreIndependent() {
        List<Draw> draws = draws(Augmentation.CVRL, 1, 256, 340);
        assertRate(0.5 * 0.8, draws, d -> d.flip() && d.jitter());
        assertRate(0.8 * 0.2, draws, d -> d.jitter() && d.grayscale());
        assertRate(0.5 * 0.2, draws, d -> d.flip() && d.solarise());
        assertRate(0.25, draws, d -> d.brightness() > 1 && d.contrast() > 1);
        assertRate(0.25, draws, d -> d.saturation() > 1 && d.hue() > 0);
    }
}
