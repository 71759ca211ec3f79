package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What counts as moved, by results made up for it. */
class ComparisonTest {
    private static final double FLOOR = 0.05;
    private static final Counts COUNTS = new Counts(10, 1, 1000, 500, 50);

    @TempDir
    private Path folder;

    private static BenchResult.Row row(String name, Counts counts, double... seconds) {
        List<Double> samples = Arrays.stream(seconds).boxed().toList();
        return new BenchResult.Row(name, Precision.FP32, new Samples(samples), new Work(1, 2, 0), counts, 1e-7, List.of());
    }

    private static BenchResult result(String cpu, Size size, BenchResult.Row... rows) {
        BenchResult.Machine machine = new BenchResult.Machine("1", cpu, 2, "Linux", "Java", "cpu", 2, 1, Map.of(), "today");
        return new BenchResult(machine, size, 3, Map.of(Precision.FP32, new BenchResult.Limits(1e11, 1e10)), 0, 0, List.of(rows));
    }

    private static Comparison compared(BenchResult.Row before, BenchResult.Row after) {
        return Comparison.of(result("this", Size.FULL, before), result("this", Size.FULL, after), FLOOR);
    }

    private static Comparison.Verdict verdict(BenchResult.Row before, BenchResult.Row after) {
        return compared(before, after).cases().get(0).verdict();
    }

    @Test
    void theMedianAndItsNoise() {
        Samples samples = new Samples(List.of(5.0, 1.0, 2.0, 4.0, 3.0));
        assertEquals(3, samples.median());
        assertEquals(1.57 * 2 / Math.sqrt(5), samples.noise(), 1e-12, "quartiles 2 and 4");
        assertEquals(2.5, new Samples(List.of(2.0, 3.0)).median());
        assertEquals(0, new Samples(List.of(2.0)).noise());
        assertEquals(2, new Samples(List.of(1.0, 10.0, 3.0)).ratioOf(new Samples(List.of(2.0, 20.0, 12.0))), "round by round");
        assertThrows(IllegalArgumentException.class, () -> new Samples(List.of()));
    }

    @Test
    void timesMoveBeyondTheFloorAndTheNoise() {
        BenchResult.Row steady = row("a", COUNTS, 1, 1, 1, 1);
        assertEquals(Comparison.Verdict.SAME, verdict(steady, row("a", COUNTS, 1.04, 1.04, 1.04)), "below the floor");
        assertEquals(Comparison.Verdict.WORSE, verdict(steady, row("a", COUNTS, 1.06, 1.06, 1.06)));
        assertEquals(Comparison.Verdict.BETTER, verdict(steady, row("a", COUNTS, 0.94, 0.94, 0.94)));
        BenchResult.Row noisy = row("a", COUNTS, 0.8, 1.1, 1.1, 1.4);
        assertEquals(Comparison.Verdict.SAME, verdict(steady, noisy), "quartiles 0.3 apart, four samples: a noise of 0.12 and more");
    }

    @Test
    void countsHaveNoNoise() {
        BenchResult.Row before = row("a", COUNTS, 1, 1, 1);
        Comparison more = compared(before, row("a", new Counts(11, 1, 1000, 500, 50), 1.01, 1.01, 1.01));
        assertTrue(more.isRegression(false));
        assertEquals(List.of("steps 10 to 11"), more.cases().get(0).counts());
        assertEquals(Comparison.Verdict.BETTER, verdict(before, row("a", new Counts(10, 0, 900, 500, 50), 1, 1, 1)));
        BenchResult.Row paid = row("a", new Counts(12, 2, 2000, 900, 90), 0.5, 0.5, 0.5);
        assertEquals(Comparison.Verdict.BETTER, verdict(before, paid), "time pays for them");
        BenchResult.Row slow = row("a", new Counts(1, 0, 1, 1, 1), 2, 2, 2);
        assertEquals(Comparison.Verdict.WORSE, verdict(before, slow), "and they do not pay for time");
        assertEquals(Comparison.Verdict.SAME, verdict(before, row("a", null, 1, 1, 1)), "where they are not told");
    }

    @Test
    void whatIsOnlyThereOnce() {
        Comparison c = Comparison.of(result("this", Size.FULL, row("a", COUNTS, 1), row("b", COUNTS, 1)),
            result("this", Size.FULL, row("b", COUNTS, 1), row("c", COUNTS, 1)), FLOOR);
        assertEquals(List.of("a fp32"), c.gone());
        assertEquals(List.of("c fp32"), c.come());
        assertEquals(List.of("b fp32"), c.cases().stream().map(Comparison.Change::key).toList());
        assertTrue(c.isRegression(false), "one is gone");
        assertFalse(c.isRegression(true), "it need not be there");
        assertEquals(List.of(), c.machine());
    }

    private static BenchResult failing(BenchResult result, BenchResult.Failure... failures) {
        return new BenchResult(result.machine(), result.size(), result.rounds(), result.rooflines(), 0, 0, result.rows(), List.of(failures),
            null);
    }

    @Test
    void whatFailsNowIsWorse() {
        BenchResult both = result("this", Size.FULL, row("a", COUNTS, 1), row("b", COUNTS, 1));
        BenchResult one = result("this", Size.FULL, row("a", COUNTS, 1));
        BenchResult failed = failing(one, new BenchResult.Failure("b fp32", null, "it is wrong"));
        Comparison c = Comparison.of(both, failed, FLOOR);
        assertEquals(List.of("b fp32"), c.failing());
        assertEquals(List.of(), c.gone(), "it is known where it went");
        assertTrue(c.isRegression(true), "whatever was meant to be there");
        assertFalse(Comparison.of(failed, failed, FLOOR).isRegression(false), "no worse than before");
        assertTrue(Comparison.of(one, failed, FLOOR).isRegression(false), "a case that is new, and fails");
        assertEquals(List.of("b fp32"), Comparison.of(failed, both, FLOOR).come());
        BenchResult alone = failing(both, new BenchResult.Failure("b fp32", "another engine", "it is wrong"));
        assertFalse(Comparison.of(both, alone, FLOOR).isRegression(false), "ours is there");
    }

    @Test
    void unfinishedResultsAreRefused() {
        BenchResult whole = result("this", Size.FULL, row("a", COUNTS, 1));
        BenchResult part = new BenchResult(whole.machine(), whole.size(), 3, whole.rooflines(), 0, 0, whole.rows(), List.of(), "b fp32");
        for (List<BenchResult> pair : List.of(List.of(whole, part), List.of(part, whole))) {
            String message = assertThrows(KinemaException.class, () -> Comparison.of(pair.get(0), pair.get(1), FLOOR)).getMessage();
            assertTrue(message.contains("ended while it timed b fp32") && message.contains("--continue"), message);
        }
    }

    @Test
    void machinesAndSizesMustBeAlike() {
        BenchResult here = result("this", Size.FULL, row("a", COUNTS, 1));
        String message = assertThrows(KinemaException.class,
            () -> Comparison.of(here, result("that", Size.FULL, row("a", COUNTS, 1)), FLOOR)).getMessage();
        assertTrue(message.contains("this") && message.contains("that"), message);
        BenchResult.Machine m = here.machine();
        BenchResult kept = new BenchResult(new BenchResult.Machine(m.kinema(), m.cpu(), m.processors(), m.system(), m.java(), m.device(),
            m.threads(), m.batch(), Map.of("MALLOC_ARENA_MAX", "1"), m.date()), here.size(), 3, here.rooflines(), 0, 0, here.rows());
        String variables = assertThrows(KinemaException.class, () -> Comparison.of(here, kept, FLOOR)).getMessage();
        assertTrue(variables.contains("variables {}") && variables.contains("{MALLOC_ARENA_MAX=1}"), variables);
        BenchResult small = result("this", Size.SMALLEST, row("a", COUNTS, 1));
        assertThrows(KinemaException.class, () -> Comparison.of(here, small, FLOOR));
        assertThrows(KinemaException.class, () -> Comparison.of(small, small, FLOOR));
    }

    /** Another Java moves times by itself: it is told, and no reason to refuse. */
    @Test
    void anotherJavaIsTold() {
        BenchResult before = result("this", Size.FULL, row("a", COUNTS, 1));
        BenchResult.Machine m = before.machine();
        BenchResult after = new BenchResult(new BenchResult.Machine(m.kinema(), m.cpu(), m.processors(), m.system(), "Another Java", m.device(),
            m.threads(), m.batch(), m.variables(), m.date()), before.size(), 3, before.rooflines(), 0, 0, before.rows());
        Comparison c = Comparison.of(before, after, FLOOR);
        assertEquals(List.of("the machine itself: its Java was Java, and is Another Java now; times may differ by that alone"), c.machine());
        assertFalse(c.isRegression(false));
        assertEquals(List.of(), Comparison.of(before, before, FLOOR).machine());
    }

    @Test
    void filesAreReadAgain() throws IOException {
        BenchResult written = result("this", Size.FULL, row("a", COUNTS, 1, 2), row("b", null, 3));
        Path file = folder.resolve("result.json");
        Files.writeString(file, written.toJson());
        assertEquals(written, BenchResult.read(file));
        String older = written.toJson().replaceAll(",\\s*\"failures\": \\[]", "");
        assertFalse(older.contains("failures"), older);
        Files.writeString(file, older);
        assertEquals(written, BenchResult.read(file), "of a version that did not write failures");
        Files.writeString(file, "{}");
        String message = assertThrows(KinemaException.class, () -> BenchResult.read(file)).getMessage();
        assertTrue(message.contains("is no result of 'kinema bench'"), message);
        Files.writeString(file, "[1");
        assertThrows(KinemaException.class, () -> BenchResult.read(file));
        assertThrows(KinemaException.class, () -> BenchResult.read(folder.resolve("none.json")));
    }
}
