package dev.kinema.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.HostArray;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The search by itself, over made-up probabilities. */
class BeamSearchTest {
    private static final int PAD = 0;
    private static final int EOS = 1;
    private static final int VOCABULARY = 5;

    /** Probabilities that depend on all tokens read: what a row's hypothesis is must be followed through its parents. */
    private static NextProbabilities of(int rows, int vocabulary, Function<List<Integer>, double[]> after) {
        List<List<Integer>> read = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            read.add(List.of());
        }
        return (position, tokens, parents) -> {
            List<List<Integer>> before = List.copyOf(read);
            double[] all = new double[rows * vocabulary];
            for (int r = 0; r < rows; r++) {
                List<Integer> longer = new ArrayList<>(before.get(parents[r]));
                longer.add(tokens[r]);
                assertEquals(position + 1, longer.size());
                read.set(r, longer);
                System.arraycopy(after.apply(longer), 0, all, r * vocabulary, vocabulary);
            }
            return HostArray.of(Shape.of(rows, vocabulary), all);
        };
    }

    private static double[] random(List<Integer> text, long seed) {
        Philox philox = new Philox(seed, text.hashCode(), text.size());
        double[] p = new double[VOCABULARY];
        double sum = 0;
        for (int i = 0; i < VOCABULARY; i++) {
            p[i] = Math.exp(1.5 * philox.normal(i));
            sum += p[i];
        }
        for (int i = 0; i < VOCABULARY; i++) {
            p[i] /= sum;
        }
        return p;
    }

    /** The best score of all texts there are after {@code text}. */
    private static double best(List<Integer> text, int prompt, double sum, DecodingConfig config, long seed) {
        double[] p = random(text, seed);
        int known = text.size();
        double best = known < config.minTokens() ? Double.NEGATIVE_INFINITY
            : (sum + Math.log(p[EOS])) / Math.pow(known - prompt + 1, config.lengthPenalty());
        for (int token = 2; token < VOCABULARY && known < config.maxTokens(); token++) {
            List<Integer> longer = new ArrayList<>(text);
            longer.add(token);
            best = Math.max(best, best(longer, prompt, sum + Math.log(p[token]), config, seed));
        }
        return best;
    }

    /** A beam of as many hypotheses as there are texts leaves none out. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.7, 1, 1.5})
    void aBeamWideEnoughFindsTheBestOfAll(double penalty) {
        DecodingConfig config = new DecodingConfig(200, 5, 2, penalty, DecodingConfig.Start.PROMPT);
        for (long seed = 0; seed < 10; seed++) {
            long s = seed;
            DecodedText found = new BeamSearch(config, PAD, EOS, List.of(new int[] {3})).run(of(200, VOCABULARY, t -> random(t, s))).get(0);
            assertEquals(best(List.of(3), 1, 0, config, seed), found.score(), 1e-12, "seed " + seed);
        }
    }

    /** A text begins with 2 (0.5) or 3 (0.4); after 3 all is certain, after 2 nothing is: greedy takes 2, a beam of two finds 3. */
    private static double[] trap(List<Integer> text) {
        return switch (text.get(text.size() - 1)) {
            case 4 -> new double[] {0, 0.1, 0.5, 0.4, 0};
            case 2 -> new double[] {0.7, 0.12, 0.06, 0.06, 0.06};
            default -> new double[] {0, 1, 0, 0, 0};
        };
    }

    @Test
    void aBeamOfTwoSeesPastTheNextToken() {
        DecodingConfig config = DecodingConfig.PAPER.withLength(0, 4);
        DecodedText greedy = new BeamSearch(config, PAD, EOS, List.of(new int[] {4})).run(of(1, VOCABULARY, BeamSearchTest::trap)).get(0);
        assertEquals(List.of(4, 2), greedy.tokens(), "pad, the likeliest after 2, is never written");
        assertEquals(Math.log(0.5 * 0.12) / 2, greedy.score(), 1e-12);
        DecodedText wide = new BeamSearch(config.withBeam(2), PAD, EOS, List.of(new int[] {4}))
            .run(of(2, VOCABULARY, BeamSearchTest::trap)).get(0);
        assertEquals(List.of(4, 3), wide.tokens());
        assertEquals(Math.log(0.4 * 1) / 2, wide.score(), 1e-12);
        assertTrue(wide.ended());
    }

    /** Ends that are unlikely at every step do not crowd out a text that is nearly certain. */
    @Test
    void unlikelyEndsDoNotStopTheSearch() {
        Function<List<Integer>, double[]> sure = t -> t.size() < 9 ? new double[] {0, 2e-4, 0.9997, 1e-4, 0} : new double[] {0, 1, 0, 0, 0};
        for (int beam = 1; beam < 5; beam++) {
            DecodingConfig config = DecodingConfig.PAPER.withLength(0, 12).withBeam(beam);
            DecodedText text = new BeamSearch(config, PAD, EOS, List.of(new int[] {4})).run(of(beam, VOCABULARY, sure)).get(0);
            assertEquals(List.of(4, 2, 2, 2, 2, 2, 2, 2, 2), text.tokens(), "beam " + beam);
            assertTrue(text.ended());
        }
    }

    @Test
    void textsEndNeitherBeforeNorAfterTheirBounds() {
        Function<List<Integer>, double[]> impatient = t -> new double[] {0, 0.9, 0.04, 0.03, 0.03};
        Function<List<Integer>, double[]> endless = t -> new double[] {0, 0.1, 0.6, 0.2, 0.1};
        for (int beam : new int[] {1, 2}) {
            DecodingConfig config = new DecodingConfig(beam, 5, 3, 1, DecodingConfig.Start.PROMPT);
            DecodedText shortest = new BeamSearch(config, PAD, EOS, List.of(new int[] {4})).run(of(beam, VOCABULARY, impatient)).get(0);
            assertEquals(List.of(4, 2, 2), shortest.tokens());
            assertTrue(shortest.ended());
        }
        DecodingConfig config = new DecodingConfig(1, 5, 3, 1, DecodingConfig.Start.PROMPT);
        DecodedText longest = new BeamSearch(config, PAD, EOS, List.of(new int[] {4})).run(of(1, VOCABULARY, endless)).get(0);
        assertEquals(new DecodedText(List.of(4, 2, 2, 2, 2), (4 * Math.log(0.6) + Math.log(0.1)) / 5, false).tokens(), longest.tokens());
        assertEquals((4 * Math.log(0.6) + Math.log(0.1)) / 5, longest.score(), 1e-12);
        assertEquals(false, longest.ended());
    }

    /** Texts with prompts of different lengths, and rows without a text, leave each other alone. */
    @Test
    void textsOfABatchAreIndependent() {
        DecodingConfig config = new DecodingConfig(2, 6, 0, 1, DecodingConfig.Start.EOS);
        List<int[]> prompts = Arrays.asList(new int[] {3}, new int[] {2, 4, 3}, null, new int[] {4, 4});
        List<DecodedText> together = new BeamSearch(config, PAD, EOS, prompts).run(of(8, VOCABULARY, t -> random(t, 1)));
        for (int i = 0; i < prompts.size(); i++) {
            if (prompts.get(i) == null) {
                assertEquals(null, together.get(i));
                continue;
            }
            List<DecodedText> alone = new BeamSearch(config, PAD, EOS, List.of(prompts.get(i))).run(of(2, VOCABULARY, t -> random(t, 1)));
            assertEquals(alone.get(0), together.get(i));
            assertEquals(Arrays.stream(prompts.get(i)).boxed().toList(), together.get(i).tokens().subList(0, prompts.get(i).length));
        }
    }
}
