package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnnotatorOrderTest {
    /** The first numbers of the generator with the seed that its authors use for one number, 5489, and its ten thousandth. */
    @Test
    void generatorIsMt19937() {
        MersenneTwister random = new MersenneTwister(5489);
        assertEquals(3499211612L, Integer.toUnsignedLong(random.nextBits()));
        assertEquals(581869302L, Integer.toUnsignedLong(random.nextBits()));
        for (int i = 2; i < 9999; i++) {
            random.nextBits();
        }
        assertEquals(4123659995L, Integer.toUnsignedLong(random.nextBits()));
    }

    @Test
    void firstPermutationsOfThree() {
        AnnotatorOrder order = new AnnotatorOrder();
        List<String> found = new ArrayList<>();
        for (int clip = 0; clip < 10; clip++) {
            found.add(String.join("", order.next(List.of("0", "1", "2"))));
        }
        assertEquals(List.of("012", "201", "102", "201", "210", "012", "120", "210", "210", "021"), found);
    }

    @Test
    void firstThreeOfThePermutedAreTaken() {
        AnnotatorOrder order = new AnnotatorOrder();
        AnnotatorOrder same = new AnnotatorOrder();
        // clips of other numbers of annotators take as many draws of the same generator
        for (int clip = 0; clip < 20; clip++) {
            List<Integer> taken = order.next(List.of(0, 1, 2, 3, 4));
            List<Integer> expected = new ArrayList<>();
            for (int place : same.permutation(5)) {
                expected.add(place);
            }
            assertEquals(expected.subList(0, 3), taken);
        }
        assertEquals(List.of("a"), new AnnotatorOrder().next(List.of("a")));
        assertArrayEquals(new int[0], new AnnotatorOrder().permutation(0));
    }
}
