package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Reads what ptxas said when the native build compiled the kernels for devices ({@code target/native}, a file beside each object): none
 * keeps registers in memory, not even the plain ones ({@code _v1}), many of which have no other variant; and they are for the devices asked
 * for.
 */
class SpillTest {
    private static final Path BUILD = Path.of("target/native");
    private static final String SUFFIX = ".cu.o.ptxas";
    private static final Pattern COMPILED = Pattern.compile("Compiling entry function '(\\w+)' for '(\\w+)'");
    private static final Pattern PROPERTIES = Pattern.compile("Function properties for (\\w+)");
    private static final Pattern SPILLS = Pattern.compile("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");

    /** A function for an architecture, by its mangled name, and how many bytes of registers it stores in memory and loads again. */
    private record Kernel(String symbol, String architecture, int stores, int loads) {
        boolean spills() {
            return stores + loads > 0;
        }

        /** The last of the nested names; template arguments left out. */
        String name() {
            String name = symbol;
            int at = symbol.startsWith("_ZN") ? 3 : 2;
            while (at < symbol.length() && Character.isDigit(symbol.charAt(at))) {
                int end = at;
                while (Character.isDigit(symbol.charAt(end))) {
                    end++;
                }
                at = end + Integer.parseInt(symbol.substring(at, end));
                name = symbol.substring(end, at);
            }
            return name;
        }

        @Override
        public String toString() {
            return name() + " for " + architecture + ": " + stores + " bytes spilled, " + loads + " loaded again (" + symbol + ")";
        }
    }

    private static List<Kernel> kernels(List<String> report) {
        List<Kernel> kernels = new ArrayList<>();
        String architecture = "";
        String symbol = "";
        for (String line : report) {
            Matcher compiled = COMPILED.matcher(line);
            Matcher properties = PROPERTIES.matcher(line);
            Matcher spills = SPILLS.matcher(line);
            if (compiled.find()) {
                architecture = compiled.group(2);
            } else if (properties.find()) {
                symbol = properties.group(1);
            } else if (spills.find()) {
                kernels.add(new Kernel(symbol, architecture, Integer.parseInt(spills.group(2)), Integer.parseInt(spills.group(3))));
            }
        }
        return kernels;
    }

    /** The file under native/kernels, runtime or lab that a report is of; CMake puts objects of files above a folder under its "__". */
    private static Path sourceOf(Path report) {
        String path = report.toString().replace('\\', '/');
        int at = path.indexOf("/__/");
        assertTrue(at >= 0, "the source of " + path + " is not known: see where CMake puts the objects of native/cuda");
        return Path.of("native", path.substring(at + 4, path.length() - SUFFIX.length()) + ".cu");
    }

    private static List<Path> files(Path folder, String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(f -> f.toString().endsWith(suffix)).sorted().toList();
        }
    }

    /** What ptxas said of each file of kernels, as far as nvcc has built them; what is left of files that are gone is left out. */
    private static List<Kernel> compiled() throws IOException {
        assumeTrue("-emulated".equals(System.getProperty("org.bytedeco.javacpp.platform.extension")), "this build leaves the kernels out");
        Path lab = BUILD.resolve("cuda/kinema-lab");
        assumeTrue(Files.exists(lab), "nvcc has not built the kernels: there is no " + lab);
        List<Path> reports = files(BUILD, SUFFIX);
        Set<Path> sources = reports.stream().map(SpillTest::sourceOf).collect(Collectors.toSet());
        assertEquals(List.of(), files(Path.of("native/kernels"), ".cu").stream().filter(f -> !sources.contains(f)).toList(),
            "sources of kernels without a report of ptxas");
        List<Kernel> kernels = new ArrayList<>();
        for (Path report : reports) {
            if (Files.exists(sourceOf(report))) {
                kernels.addAll(kernels(Files.readAllLines(report)));
            }
        }
        return kernels;
    }

    /** What of a list of CMake's is compiled to code: all but what is {@code -virtual}, which is PTX alone. */
    private static Set<String> compiledFor(String architectures) {
        return Stream.of(architectures.split(";")).filter(a -> !a.endsWith("-virtual")).map(a -> "sm_" + a.replace("-real", ""))
            .collect(Collectors.toSet());
    }

    /** What the build was asked to be for: a list of CMake's. */
    static String architectures() throws IOException {
        String cached = "KINEMA_CUDA_ARCHITECTURES:STRING=";
        return Files.readAllLines(BUILD.resolve("CMakeCache.txt")).stream().filter(line -> line.startsWith(cached))
            .map(line -> line.substring(cached.length())).findFirst().orElseThrow();
    }

    @Test
    void noKernelSpills() throws IOException {
        assertEquals(List.of(), compiled().stream().filter(Kernel::spills).toList(), "kernels that spill");
    }

    /** A build for fewer would run on fewer devices than it was asked for. */
    @Test
    void everyArchitectureThatWasAskedForIsCompiledFor() throws IOException {
        Set<String> found = compiled().stream().map(Kernel::architecture).collect(Collectors.toSet());
        String asked = architectures();
        assumeTrue(asked.matches("(\\d+[af]?(-real|-virtual)?;?)+"), "'" + asked + "' is known to nvcc alone");
        assertEquals(compiledFor(asked), found);
    }

    @Test
    void spillsAreFoundInAReport() {
        String space = "_ZN2kn6matmul44_GLOBAL__N__f883a298_11_roofline_cu_e452d492";
        List<Kernel> kernels = kernels(List.of(
            "ptxas info    : Compiling entry function '" + space + "11multiply_v1IfEEvPfl' for 'sm_80'",
            "ptxas info    : Function properties for " + space + "11multiply_v1IfEEvPfl",
            "    64 bytes stack frame, 60 bytes spill stores, 0 bytes spill loads",
            "ptxas info    : Compiling entry function '_ZN2kn6matmul5tiledINS_4bf16ELi4EEEvPKT_' for 'sm_90a'",
            "ptxas info    : Function properties for _ZN2kn6matmul5tiledINS_4bf16ELi4EEEvPKT_",
            "    0 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads",
            "ptxas info    : Used 126 registers, used 1 barriers"));
        assertEquals(List.of("multiply_v1", "tiled"), kernels.stream().map(Kernel::name).toList());
        assertTrue(kernels.stream().allMatch(Kernel::spills));
        assertEquals(new Kernel("_ZN2kn6matmul5tiledINS_4bf16ELi4EEEvPKT_", "sm_90a", 8, 12), kernels.get(1));
    }
}
