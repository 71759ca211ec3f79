package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Libraries of ours under the names of NVIDIA's, and a process that finds them: libraries are found by what a process is started with. */
final class StandIns {
    private final Path folder;

    /** @param folder where they are built */
    StandIns(Path folder) {
        this.folder = folder;
    }

    /** Aborts the test where the presets, by their library, or a compiler are missing. */
    static void need(String presets) {
        assumeTrue(StandIns.class.getResource("/org/bytedeco/cuda/linux-x86_64/" + presets) != null, "no presets for Linux");
        assumeTrue(new File("/usr/bin/c++").canExecute(), "no C++ compiler");
    }

    /** Libraries of which nothing is called. */
    void empty(String... names) throws IOException, InterruptedException {
        Path nothing = Files.writeString(folder.resolve("nothing.cc"), "int kinema_stands_in;\n");
        for (String name : names) {
            build(name, nothing);
        }
    }

    /** A library from a source among the tests' resources. */
    void build(String source, String name) throws IOException, InterruptedException {
        build(name, Path.of("src", "test", "resources", "standin", source));
    }

    /** Builds a library whose symbols have its own name as version, as those of NVIDIA's have. */
    private void build(String name, Path source) throws IOException, InterruptedException {
        Path versions = Files.writeString(folder.resolve(name + ".map"), name + " { global: *; };\n");
        Path output = folder.resolve(name + ".log");
        Process compiler = new ProcessBuilder("c++", "-std=c++17", "-O1", "-shared", "-fPIC", "-Wl,-soname," + name,
            "-Wl,--version-script=" + versions, "-o", folder.resolve(name).toString(), source.toString()).redirectErrorStream(true)
            .redirectOutput(output.toFile()).start();
        assertTrue(compiler.waitFor(2, TimeUnit.MINUTES), "the compiler ends");
        assertEquals(0, compiler.exitValue(), () -> read(output));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What a program prints that finds the libraries, and ends well. */
    String run(String program) throws IOException, InterruptedException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(argument -> argument.startsWith("--")).forEach(java::add);
        java.add("-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"));
        java.add("-Dorg.bytedeco.javacpp.platform.extension=-emulated");
        java.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), program));
        Path output = folder.resolve("output");
        ProcessBuilder process = new ProcessBuilder(java).redirectErrorStream(true).redirectOutput(output.toFile());
        process.environment().put("LD_LIBRARY_PATH", folder.toString());
        process.environment().remove("LD_BIND_NOW");
        Process started = process.start();
        assertTrue(started.waitFor(2, TimeUnit.MINUTES), "the process ends");
        assertEquals(0, started.exitValue(), () -> read(output));
        return read(output);
    }
}
