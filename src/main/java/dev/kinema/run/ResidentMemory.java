package dev.kinema.run;

import dev.kinema.KinemaException;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much memory this process has: its resident set, which counts native memory, or the Java heap where the system does not tell. */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s*(\\d+) kB$");
    private static final boolean IS_TOLD = Files.isReadable(STATUS);

    private ResidentMemory() {
    }

    static long bytes() {
        if (IS_TOLD) {
            Matcher resident = RESIDENT.matcher(status());
            if (resident.find()) {
                return 1024 * Long.parseLong(resident.group(1));
            }
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static String status() {
        // a stream, since a file channel would close itself in an interrupted thread
        try (FileInputStream in = new FileInputStream(STATUS.toFile())) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new KinemaException("'" + STATUS + "' cannot be read (" + e.getMessage() + "): check the system", e);
        }
    }
}
