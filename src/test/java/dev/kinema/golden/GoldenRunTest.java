package dev.kinema.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is printed and returned where the golden networks run without JUnit's launcher. */
class GoldenRunTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private int run(String... words) {
        return GoldenRun.run(words, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void eachHasALineAndAllAreCounted() {
        assertEquals(0, run("reference", "fp32", "op_"), printed());
        assertTrue(printed().contains("passed small, op_gelu_erf: "), printed());
        assertTrue(printed().contains("7 passed, 0 failed, 0 aborted"), printed());
    }

    @Test
    void noNumbersAreMissingHere() {
        assertEquals(List.of(), GoldenCases.all().stream().map(GoldenCase::file).filter(file -> !GoldenFile.exists(file)).toList());
        assertFalse(printed().contains("left out"), printed());
    }

    @Test
    void nothingTestedIsNoSuccess() {
        assertEquals(2, run("reference", "fp32", "no network is named so"));
        assertEquals(2, run("reference", "fp64"));
        assertEquals(2, run("no-device", "fp32"));
        assertEquals(2, run());
        assertTrue(printed().contains("usage: GoldenRun DEVICE"), printed());
    }

    @Test
    void agreementKeepsWhatCameNearestToItsBound() {
        Agreement agreement = new Agreement();
        assertEquals("exact", agreement.toString());
        agreement.number(1, 1.5, 1, "half");
        agreement.absolute(new double[] {0, 4}, new double[] {0, 5}, 10, "tenth");
        assertTrue(agreement.toString().startsWith("0.50 of what is allowed (half"), agreement::toString);
        assertThrows(AssertionError.class, () -> agreement.number(0, Double.NaN, 1, "no number"));
        assertFalse(agreement.toString().contains("no number"));
    }
}
