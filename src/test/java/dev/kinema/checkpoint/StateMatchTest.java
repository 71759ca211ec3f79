package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StateMatchTest {
    @Test
    void equalStatesMatchInTheModelsOrder() {
        Map<String, Shape> expected = new LinkedHashMap<>();
        expected.put("b", Shape.of(2));
        expected.put("a", Shape.of(1, 3));
        expected.put("bn.num_batches_tracked", Shape.of());
        StateMatch match = StateMatch.of(expected, Map.of("a", CheckpointFiles.counting(0, 1, 3), "b", CheckpointFiles.counting(5, 2),
                "other.num_batches_tracked", HostArray.allocate(DType.I64, Shape.of())));
        assertTrue(match.isComplete());
        assertEquals(List.of("b", "a"), List.copyOf(match.requireComplete("file").keySet()));
        assertEquals("2 tensors match", match.report());
    }

    @Test
    void everyDifferenceIsListedByName() {
        Map<String, Shape> expected = new LinkedHashMap<>();
        IntStream.range(0, 25).forEach(i -> expected.put("gone" + i, Shape.of(1)));
        expected.put("w", Shape.of(2, 3));
        Map<String, HostArray> found = Map.of("w", CheckpointFiles.counting(0, 3, 2), "extra", CheckpointFiles.counting(0, 1));
        StateMatch match = StateMatch.of(expected, found);
        assertFalse(match.isComplete());
        assertEquals(25, match.missing().size());
        assertEquals(List.of("extra"), match.unexpected());
        assertEquals(List.of("w is [3, 2], expected [2, 3]"), match.wrongShape());
        assertTrue(match.matched().isEmpty());
        String message = assertThrows(KinemaException.class, () -> match.requireComplete("x.pyth")).getMessage();
        assertTrue(message.startsWith("x.pyth: does not fit the model: 25 missing (gone0, gone1, "), message);
        assertTrue(message.contains("gone9, ...)") && !message.contains("gone10"), message);
        assertTrue(message.contains("1 unexpected (extra)") && message.contains("w is [3, 2]") && message.contains("inflated"), message);
    }

    @Test
    void onlySizesOfOneMayBeAppended() {
        HostArray linear = CheckpointFiles.counting(0, 4, 2);
        Map<String, HostArray> fitted = StateMatch.of(Map.of("w", Shape.of(4, 2, 1, 1, 1)), Map.of("w", linear)).requireComplete("x");
        assertEquals(Shape.of(4, 2, 1, 1, 1), fitted.get("w").shape());
        assertArrayEquals(linear.toFloats(), fitted.get("w").toFloats());
        for (Shape other : List.of(Shape.of(4, 2, 1, 1, 2), Shape.of(4), Shape.of(2, 4, 1), Shape.of(1, 4, 2))) {
            assertEquals(1, StateMatch.of(Map.of("w", other), Map.of("w", linear)).wrongShape().size(), other.toString());
        }
    }

    @Test
    void kernelsAreInflatedOnlyWhenAsked() {
        HostArray kernel = CheckpointFiles.counting(1, 2, 1, 1, 1, 2);
        HostArray image = CheckpointFiles.counting(1, 2, 1, 1, 2);
        Map<String, Shape> stem = Map.of("stem", Shape.of(2, 1, 5, 1, 2));
        assertEquals(1, StateMatch.of(stem, Map.of("stem", kernel)).wrongShape().size());
        for (HostArray from : List.of(kernel, image)) {
            StateMatch centre = StateMatch.of(stem, Map.of("stem", from), Inflation.CENTRE);
            assertArrayEquals(new float[] {0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0},
                    centre.requireComplete("x").get("stem").toFloats());
            assertEquals(1, centre.inflated().size());
            float[] repeated = StateMatch.of(stem, Map.of("stem", from), Inflation.REPEAT).requireComplete("x").get("stem").toFloats();
            for (int i = 0; i < 20; i++) {
                assertEquals((i < 10 ? 1 : 3) / 5f + (i % 2) / 5f, repeated[i], 1e-7f);
            }
        }
        Map<String, Shape> wider = Map.of("stem", Shape.of(2, 1, 5, 1, 3));
        assertEquals(1, StateMatch.of(wider, Map.of("stem", kernel), Inflation.CENTRE).wrongShape().size());
        Map<String, HostArray> longer = Map.of("stem", CheckpointFiles.counting(0, 2, 1, 3, 1, 2));
        assertEquals(1, StateMatch.of(stem, longer, Inflation.REPEAT).wrongShape().size());
        Map<String, HostArray> half = Map.of("stem", HostArray.allocate(DType.F16, Shape.of(2, 1, 1, 1, 2)));
        assertThrows(KinemaException.class, () -> StateMatch.of(stem, half, Inflation.REPEAT));
    }
}
