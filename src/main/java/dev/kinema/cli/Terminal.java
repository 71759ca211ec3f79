package dev.kinema.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether somebody looks at standard error. */
final class Terminal {
    /** Set to true or false by a launcher that knows. */
    static final String PROPERTY = "kinema.terminal";

    private Terminal() {
    }

    /** As the launcher says; else by the name that Linux gives the stream; else whether the process has a console at all. */
    static boolean isErr() {
        String told = System.getProperty(PROPERTY);
        if (told != null) {
            return Boolean.parseBoolean(told);
        }
        Path stream = Path.of("/proc/self/fd/2");
        if (!Files.isSymbolicLink(stream)) {
            return System.console() != null;
        }
        try {
            String target = Files.readSymbolicLink(stream).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException e) {
            // whoever cannot tell shows no bar
            return false;
        }
    }
}
