package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A command line that was run in this process, and what it printed. */
record CommandRun(int code, String out, String err) {
    static CommandRun of(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] words = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        int code = Main.run(words, new PrintWriter(out), new PrintWriter(err));
        return new CommandRun(code, out.toString(), err.toString());
    }

    CommandRun done() {
        assertEquals("", err);
        assertEquals(ExitCode.DONE, code, out);
        return this;
    }

    /** That it failed with one line that holds all of {@code parts}, and no stack trace. */
    String failed(int expected, String... parts) {
        assertEquals(expected, code, err + out);
        assertEquals(1, err.lines().count(), err);
        assertTrue(err.startsWith("kinema: "), err);
        for (String part : parts) {
            assertTrue(err.contains(part), () -> "no '" + part + "' in: " + err);
        }
        return err;
    }

    /** Names of everything in a folder; none where there is no folder. */
    static List<String> in(Path folder) {
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
