package dev.kinema.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Another Java with this one's system properties, class path and standard error, which says a line that matters. */
public final class JavaProcess {
    private final ProcessBuilder builder;

    /**
     * @param options further ones of the virtual machine
     * @param words of the program
     */
    public JavaProcess(List<String> options, Class<?> program, List<String> words) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(word -> word.startsWith("-D")).forEach(command::add);
        command.addAll(options);
        command.add(program.getName());
        command.addAll(words);
        builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // no argument: engines have been seen to fail where the command line is long; the tests' runner keeps its class path elsewhere
        builder.environment().put("CLASSPATH", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    }

    /** What it is started with, to be changed before. */
    public Map<String, String> environment() {
        return builder.environment();
    }

    /**
     * Starts it, and ends it at the first line of that kind.
     *
     * @return that line; empty if the process ended without it
     */
    public Optional<String> line(Predicate<String> kind) {
        try {
            Process process = builder.start();
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                return lines.lines().filter(kind).findFirst();
            } finally {
                process.destroy();
                process.waitFor();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("another Java cannot be started", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a process was to end", e);
        }
    }
}
