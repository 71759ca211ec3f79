package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What is printed and returned where the conformance tests run without JUnit's launcher. */
class ConformanceRunTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private int run(String... words) {
        return ConformanceRun.run(words, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** The reference passes its own tests; a few of them do here. */
    @Test
    void whatPassesIsCounted() {
        String name = OpCases.all().get(0).name();
        assertEquals(0, run("reference", "fp32", name), printed());
        assertTrue(printed().contains(" passed, 0 failed, 0 aborted"), printed());
    }

    @Test
    void nothingTestedIsNoSuccess() {
        assertEquals(2, run("reference", "fp32", "no case is named so"));
        assertEquals(2, run("reference", "fp64"));
        assertEquals(2, run("reference", "int8"), "its cases have no ranges of activations");
        assertEquals(2, run("no-device", "fp32"));
        assertEquals(2, run("reference"));
        assertTrue(printed().contains("there is no precision fp64"), printed());
        assertTrue(printed().contains("no-device"), printed());
    }
}
