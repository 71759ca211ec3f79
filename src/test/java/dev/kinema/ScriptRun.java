package dev.kinema;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What a script printed and returned, which saw programs of the test's in place of the machine's. */
record ScriptRun(int status, String text) {
    /**
     * Runs a script to its end.
     *
     * @param folder of the test: programs in its {@code tools} come before those in /usr/bin and /bin, and there are no others
     * @param variables more of the environment, where no other JDK is named
     */
    static ScriptRun of(Path folder, Map<String, String> variables, List<String> command) throws IOException, InterruptedException {
        Path log = Files.createTempFile(folder, "script", ".log");
        ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        process.environment().remove("JAVA_HOME");
        process.environment().put("PATH", folder.resolve("tools") + ":/usr/bin:/bin");
        process.environment().putAll(variables);
        Process shell = process.start();
        try {
            assertTrue(shell.waitFor(1, TimeUnit.MINUTES), () -> "the script does not end: " + command);
        } finally {
            shell.destroyForcibly();
        }
        return new ScriptRun(shell.exitValue(), Files.readString(log));
    }

    /** Puts a program into a folder. */
    static void program(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }
}
