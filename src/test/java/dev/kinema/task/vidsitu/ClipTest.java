package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClipTest {
    @ParameterizedTest
    @CsvSource({
        "v_AbCd_1-xYz0_seg_20_30, AbCd_1-xYz0, 20",
        "v_v_a_seg_b_seg_0_10, v_a_seg_b, 0",
        "v_-_seg_1_2_seg_100_110, -_seg_1_2, 100"})
    void idsAreCutAtTheLastMark(String id, String video, int start) {
        assertEquals(new Clip(id, video, start, start + 10), Clip.parse(id));
        assertEquals(Clip.parse(id), Clip.of(video, start));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "AbCd_seg_20_30", "v_AbCd_seg_20", "v_AbCd_seg_20_31", "v__seg_20_30", "v_a/../b_seg_20_30",
        "v_AbCd_seg_-5_5", "v_AbCd_seg_20_30 ", "v_AbCd_seg_99999999999_99999999999", "v_A\nB_seg_20_30"})
    void whatIsNoIdIsRefused(String id) {
        String message = assertThrows(KinemaException.class, () -> Clip.parse(id)).getMessage();
        assertTrue(message.contains("v_VIDEO_seg_START_END") && message.lines().count() == 1, message);
    }

    @Test
    void eventsHaveTheirCentres() {
        assertArrayEquals(new int[] {30, 90, 150, 210, 270}, IntStream.range(0, 5).map(EventSampling::centre).toArray());
        assertThrows(IllegalArgumentException.class, () -> EventSampling.centre(5));
    }

    @Test
    void windowsAreTheToolkits() {
        assertArrayEquals(new int[] {0, 6, 14, 22, 30, 38, 46, 54}, EventSampling.I3D.indices(0));
        assertArrayEquals(new int[] {238, 246, 254, 262, 270, 278, 286, 294}, EventSampling.I3D.indices(4));
        int[] fast = EventSampling.SLOW_FAST.indices(0);
        assertEquals(32, fast.length);
        assertEquals(List.of(0, 0, 2, 60), List.of(fast[0], fast[1], fast[2], fast[31]));
        int[] slow = EventSampling.SLOW_D.indices(4);
        assertEquals(List.of(238, 242, 298), List.of(slow[0], slow[1], slow[15]));
        assertArrayEquals(new int[] {0, 4, 8, 13, 17, 22, 26, 31}, EventSampling.thinned(32, 8));
    }

    @Test
    void longWindowsAreHeldAtBothEnds() {
        EventSampling whole = new EventSampling(30, 10);
        assertEquals(0, whole.indices(0)[0]);
        assertEquals(0, whole.indices(0)[12]);
        assertEquals(10, whole.indices(0)[13]);
        assertEquals(299, whole.indices(4)[29]);
        assertThrows(IllegalArgumentException.class, () -> new EventSampling(5, 3));
        assertThrows(IllegalArgumentException.class, () -> new EventSampling(31, 10));
    }

    @Test
    void timesAreThoseOfFrames() {
        double[] times = EventSampling.I3D.times(2);
        // exact: both sides divide the same integers
        assertArrayEquals(Arrays.stream(EventSampling.I3D.indices(2)).mapToDouble(i -> i / 30.0).toArray(), times);
        assertEquals(118 / 30.0, times[0]);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Arg0 (agent, hitter - animate only!) | Arg0", "Arg1 (air, we hope) | Arg1", "Arg3 (attribute) | Arg3", "Arg5 (direction) | Arg5",
        "Arg2 (location) | Arg2", "Scene of the Event | AScn", "ArgM (location) | ALoc", "ArgM (manner) | AMnr", "ArgM (goal) | AGol",
        "ArgM (purpose, not direction) | ADir"})
    void rolesHaveShortCodes(String name, String code) {
        assertEquals(code, Role.of(name, "").code().code());
        assertEquals(Optional.of(Role.of(name, "").code()), RoleCode.of(code));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Arg6 (x)", "Arg0(x)", "arg0 (x)", "ArgM (time)", "Scene of the event", "Scene"})
    void otherRolesAreRefused(String name) {
        assertThrows(KinemaException.class, () -> Role.of(name, ""));
    }

    @Test
    void pairsGoFromEarlierToLater() {
        for (int i = 0; i < 4; i++) {
            assertTrue(Relation.EARLIER.get(i) < Relation.LATER.get(i));
            int other = Relation.EARLIER.get(i) + Relation.LATER.get(i) - Relation.PIVOT;
            assertEquals(Relation.RELATED.get(i), other);
        }
        assertEquals(List.of(1, 2, 3, 4), Arrays.stream(Relation.values()).map(Relation::id).toList());
        assertEquals(Optional.of(Relation.REACTION_TO), Relation.of("Reaction To"));
        assertEquals(Optional.empty(), Relation.of("Null"));
    }
}
