package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

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
 * Reads what ptxas said when the native build compiled the kernels for devices ({@code target/native}, a file beside each object): none but
 * the plain kernels ({@code _v1}), which are there to be compared with, may keep registers in memory.
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

        /** Every one that is faster than the plain form of what it does. */
        boolean isHot() {
            return !name().endsWith("_v1");
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

    /** Reports of sources that are gone are left over from a build before. */
    private static boolean isOfASource(Path report) {
        String path = report.toString().replace('\\', '/');
        String source = path.substring(path.indexOf("/__/") + 4, path.length() - SUFFIX.length()) + ".cu";
        return Files.exists(Path.of("native").resolve(source));
    }

    private static List<Path> reports() throws IOException {
        if (!Files.exists(BUILD)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(BUILD)) {
            return files.filter(f -> f.toString().endsWith(SUFFIX) && isOfASource(f)).sorted().toList();
        }
    }

    @Test
    void noHotKernelSpills() throws IOException {
        List<Path> reports = reports();
        assumeFalse(reports.isEmpty(), "nvcc has not built the kernels: there is no report of ptxas in " + BUILD);
        List<Kernel> hot = new ArrayList<>();
        for (Path report : reports) {
            hot.addAll(kernels(Files.readAllLines(report)).stream().filter(Kernel::isHot).toList());
        }
        // a build for fewer would run on fewer devices than it says
        assertEquals(Set.of("sm_80", "sm_90a"), hot.stream().map(Kernel::architecture).collect(Collectors.toSet()),
            "the architectures that " + reports + " are of");
        assertEquals(List.of(), hot.stream().filter(Kernel::spills).toList(), "hot kernels that spill");
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
        assertEquals(List.of(false, true), kernels.stream().map(Kernel::isHot).toList());
        assertTrue(kernels.stream().allMatch(Kernel::spills));
        assertEquals(new Kernel("_ZN2kn6matmul5tiledINS_4bf16ELi4EEEvPKT_", "sm_90a", 8, 12), kernels.get(1));
    }
}
