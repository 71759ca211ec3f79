package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EpochWalkTest {
    private static final LoaderSettings STEPS_OF_FOUR = LoaderSettings.training(2, 2, 5, 1).withEpochs(3);

    /** Walks over 11 films of which some fail at their turn, and gives the films delivered, epoch by epoch. */
    private static List<List<Integer>> walk(LoaderSettings settings, Set<Integer> bad) {
        BitSet failed = new BitSet();
        EpochWalk walk = new EpochWalk(11, settings, failed, LoaderPosition.START);
        List<List<Integer>> epochs = new ArrayList<>();
        for (EpochWalk.Turn turn = walk.turn(); turn != null; turn = walk.turn()) {
            while (epochs.size() <= turn.epoch()) {
                epochs.add(new ArrayList<>());
            }
            if (bad.contains(turn.film())) {
                failed.set(turn.film());
                walk.fail();
            } else {
                assertEquals(epochs.get((int) turn.epoch()).contains(turn.film()), turn.visit() == 1, "second visits are told apart");
                epochs.get((int) turn.epoch()).add(turn.film());
                walk.succeed();
            }
        }
        return epochs;
    }

    @Test
    void orderIsAPermutationByEpochAndSeed() {
        int[] order = FilmDraws.order(1, 0, 100);
        assertArrayEquals(IntStream.range(0, 100).toArray(), Arrays.stream(order).sorted().toArray());
        assertArrayEquals(order, FilmDraws.order(1, 0, 100));
        assertFalse(Arrays.equals(order, FilmDraws.order(1, 1, 100)));
        assertFalse(Arrays.equals(order, FilmDraws.order(2, 0, 100)));
    }

    /** Where each film stands is uniform: chi-square with 9 degrees of freedom, of which 27.88 is the quantile 0.999; the seed is fixed. */
    @Test
    void everyPlaceIsAsLikely() {
        int[] counts = new int[10];
        for (int epoch = 0; epoch < 5000; epoch++) {
            counts[FilmDraws.order(3, epoch, 10)[7]]++;
        }
        double chi = Arrays.stream(counts).mapToDouble(count -> (count - 500.0) * (count - 500.0) / 500).sum();
        assertTrue(chi < 27.88, () -> "chi-square " + chi);
    }

    @Test
    void epochsAreWholeSteps() {
        List<List<Integer>> epochs = walk(STEPS_OF_FOUR, Set.of());
        assertEquals(3, epochs.size());
        for (int epoch = 0; epoch < 3; epoch++) {
            assertEquals(Arrays.stream(FilmDraws.order(5, epoch, 11)).limit(8).boxed().toList(), epochs.get(epoch));
        }
        assertEquals(4, STEPS_OF_FOUR.batchesPerEpoch(11));
    }

    @Test
    void filmsLeftOverTakeTheSlotsOfFailedOnes() {
        int[] order = FilmDraws.order(5, 0, 11);
        List<List<Integer>> epochs = walk(STEPS_OF_FOUR, Set.of(order[2], order[9]));
        assertEquals(List.of(order[0], order[1], order[3], order[4], order[5], order[6], order[7], order[8]), epochs.get(0));
    }

    @Test
    void stepThatFailuresLeaveShortGoesRoundOnce() {
        int[] order = FilmDraws.order(5, 0, 11);
        List<List<Integer>> epochs = walk(STEPS_OF_FOUR, Set.of(order[7], order[8], order[9], order[10]));
        assertEquals(List.of(order[0], order[1], order[2], order[3], order[4], order[5], order[6], order[0]), epochs.get(0));
        assertEquals(List.of(4, 4), epochs.subList(1, 3).stream().map(List::size).toList(), "7 films are one step of 4");
    }

    @Test
    void evaluationVisitsAllOnceInTheListsOrder() {
        LoaderSettings settings = LoaderSettings.evaluation(4, 1);
        assertEquals(List.of(IntStream.range(0, 11).boxed().toList()), walk(settings, Set.of()));
        assertEquals(List.of(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9)), walk(settings, Set.of(0, 10)));
        assertEquals(3, settings.batchesPerEpoch(11));
    }

    @Test
    void walkGoesOnFromAPosition() {
        BitSet failed = new BitSet();
        failed.set(FilmDraws.order(5, 1, 11)[1]);
        EpochWalk walk = new EpochWalk(11, STEPS_OF_FOUR, failed, new LoaderPosition(1, 3));
        assertEquals(2, walk.delivered());
        assertEquals(FilmDraws.order(5, 1, 11)[3], walk.turn().film());
        assertNull(new EpochWalk(11, STEPS_OF_FOUR, failed, new LoaderPosition(3, 0)).turn());
        assertThrows(KinemaException.class, () -> new EpochWalk(11, STEPS_OF_FOUR, failed, new LoaderPosition(0, 23)));
    }
}
