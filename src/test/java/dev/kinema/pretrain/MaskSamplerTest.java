package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MaskSamplerTest {
    private static final int DRAWS = 40_000;

    @Test
    void shareGivesTheSizesOfThePaper() {
        assertEquals(List.of(1, 2, 3), MaskSampler.upTo(0.6, 5));
        assertEquals(List.of(1), MaskSampler.upTo(0.2, 5));
        assertEquals(List.of(1, 2, 3, 4, 5), MaskSampler.upTo(1, 5));
        assertTrue(assertThrows(KinemaException.class, () -> MaskSampler.upTo(0.1, 5)).getMessage().contains("0.1"));
    }

    @Test
    void otherSizesAreRefused() {
        for (List<Integer> sizes : List.of(List.<Integer>of(), List.of(0), List.of(6), List.of(2, 2))) {
            assertThrows(KinemaException.class, () -> new MaskSampler(5, sizes));
        }
    }

    /** Sizes 1 to 3 of 5: each size with probability 1/3, and the places are hidden with the probabilities that follow from it. */
    @Test
    void placesAreHiddenAsOftenAsTheLawSays() {
        MaskSampler sampler = new MaskSampler(5, List.of(1, 2, 3));
        for (int batch : new int[] {1, 2, 7, 64}) {
            double[] hidden = new double[5];
            double[] sizes = new double[4];
            int sequences = 0;
            for (int step = 0; sequences < DRAWS; step++) {
                for (MaskSampler.Block block : sampler.blocks(batch, new Philox(3, step, 9))) {
                    sizes[block.size()]++;
                    for (int t = block.start(); t < block.start() + block.size(); t++) {
                        hidden[t]++;
                    }
                    sequences++;
                }
            }
            // four standard deviations of a share of so many draws
            double slack = 4 * 0.5 / Math.sqrt(sequences);
            double[] law = {0.2611, 0.4556, 0.5667, 0.4556, 0.2611};
            for (int t = 0; t < 5; t++) {
                assertEquals(law[t], hidden[t] / sequences, slack, "place " + t + ", batches of " + batch);
            }
            for (int m = 1; m <= 3; m++) {
                assertEquals(1 / 3.0, sizes[m] / sequences, slack, "size " + m + ", batches of " + batch);
            }
        }
    }

    @Test
    void batchesHideAboutTheSameNumberAndNeverMoreThanTheMost() {
        MaskSampler sampler = new MaskSampler(5, List.of(1, 2, 3));
        assertEquals(128, sampler.most(64) - 1);
        for (int step = 0; step < 300; step++) {
            int hidden = Arrays.stream(sampler.blocks(64, new Philox(1, step, 0))).mapToInt(MaskSampler.Block::size).sum();
            assertTrue(hidden >= 127 && hidden <= sampler.most(64), hidden + " hidden");
        }
    }

    /** Every member of a batch has every size at some time: the equal shares are dealt out at random. */
    @Test
    void sizesAreDealtOutAtRandom() {
        MaskSampler sampler = new MaskSampler(5, List.of(1, 3));
        int[] first = new int[4];
        for (int step = 0; step < 1000; step++) {
            first[sampler.sizes(4, new Philox(1, step, 0))[0]]++;
        }
        assertEquals(500, first[1], 64);
        assertEquals(500, first[3], 64);
    }

    @Test
    void largestDiscrepancyIsHidden() {
        MaskSampler sampler = new MaskSampler(5, List.of(2));
        MaskSampler.Block[] blocks = sampler.blocks(2, new Philox(1, 1, 1), new float[] {0, 5, 1, 3, 4, /**/ 9, 0, 0, 8, 0});
        assertEquals(new MaskSampler.Block(3, 2), blocks[0]);
        assertEquals(new MaskSampler.Block(0, 2), blocks[1]);
    }
}
