package dev.kinema.bench;

import dev.kinema.Version;
import dev.kinema.device.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** What a result says of where it was measured. */
final class Machines {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");
    /** Of OpenMP, oneDNN, CUDA and glibc's malloc. */
    private static final Pattern VARIABLE = Pattern.compile("(OMP|GOMP|KMP|ONEDNN|DNNL|CUDA|MALLOC)_.*");

    private Machines() {}

    static BenchResult.Machine here(Device device, int threads, int batch) {
        Map<String, String> variables = new TreeMap<>(System.getenv());
        variables.keySet().removeIf(name -> !VARIABLE.matcher(name).matches());
        return new BenchResult.Machine(Version.CURRENT, cpu(), Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
            System.getProperty("java.vm.name") + " " + System.getProperty("java.version"), device.name() + ": " + device.description(),
            threads, batch, variables, Instant.now().toString());
    }

    /** The model where Linux names it, else the architecture. */
    private static String cpu() {
        String architecture = System.getProperty("os.arch");
        if (!Files.isReadable(CPUINFO)) {
            return architecture;
        }
        try {
            return Files.readString(CPUINFO).lines().filter(line -> line.startsWith("model name")).findFirst()
                .map(line -> line.replaceFirst("[^:]*:\\s*", "")).orElse(architecture);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
