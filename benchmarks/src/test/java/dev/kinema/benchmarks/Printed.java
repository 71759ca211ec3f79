package dev.kinema.benchmarks;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a program of this module prints. */
public record Printed(String text) {
    /** A program's {@code main}. */
    @FunctionalInterface
    public interface Program {
        void main(String... words) throws Exception;
    }

    public static Printed by(Program program, String... words) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = System.out;
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            program.main(words);
        } finally {
            System.setOut(out);
        }
        return new Printed(bytes.toString(StandardCharsets.UTF_8));
    }

    /** The number in the first line that has this, whose group it is. */
    public double number(String pattern) {
        Matcher found = Pattern.compile(pattern, Pattern.MULTILINE).matcher(text);
        assertTrue(found.find(), () -> pattern + " is not in\n" + text);
        return Double.parseDouble(found.group(1));
    }

    /** How many lines have this. */
    public long lines(String pattern) {
        return text.lines().filter(Pattern.compile(pattern).asPredicate()).count();
    }
}
