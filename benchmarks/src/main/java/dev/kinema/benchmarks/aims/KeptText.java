package dev.kinema.benchmarks.aims;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What {@code benchmarks/keep} or {@code benchmarks/measure} wrote: the command, then date and commit, then the rest. */
record KeptText(String name, List<String> lines) {
    static KeptText read(Path file) {
        try {
            return new KeptText(file.getFileName().toString(), Files.readAllLines(file));
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }

    String command() {
        return lines.get(0);
    }

    /** Date and commit. */
    String taken() {
        return lines.get(1);
    }

    /** All matches, one in a line at most. */
    List<MatchResult> all(String pattern) {
        Pattern compiled = Pattern.compile(pattern);
        return lines.stream().flatMap(line -> compiled.matcher(line).results().limit(1)).toList();
    }

    /** @throws KinemaException if no line has it */
    MatchResult first(String pattern) {
        return all(pattern).stream().findFirst().orElseThrow(() -> new KinemaException(name + " has no line like '" + pattern
            + "': take it again, or read what its program prints now"));
    }

    /** The group of the first line that has this. */
    double number(String pattern) {
        return Double.parseDouble(first(pattern).group(1));
    }
}
