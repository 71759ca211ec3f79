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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * That cuBLASLt is called as its documentation says, through the presets, with a library of ours in its place: the presets and the layouts
 * are tested, NVIDIA's library is not. In a process of its own, as libraries are found by what it is started with.
 */
class CublasLtTest {
    private static final Path SOURCE = Path.of("src", "test", "resources", "standin", "cublaslt.cc");

    @TempDir
    private Path folder;

    /** Builds a library whose symbols have its own name as version, as those of NVIDIA's have. */
    private void library(String name, Path source) throws IOException, InterruptedException {
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

    private String check() throws IOException, InterruptedException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(argument -> argument.startsWith("--")).forEach(java::add);
        java.add("-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"));
        java.add("-Dorg.bytedeco.javacpp.platform.extension=-emulated");
        java.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "dev.kinema.device.cuda.CublasLtCheck"));
        Path output = folder.resolve("output");
        ProcessBuilder process = new ProcessBuilder(java).redirectErrorStream(true).redirectOutput(output.toFile());
        process.environment().put("LD_LIBRARY_PATH", folder.toString());
        process.environment().remove("LD_BIND_NOW");
        Process started = process.start();
        assertTrue(started.waitFor(2, TimeUnit.MINUTES), "the process ends");
        assertEquals(0, started.exitValue(), () -> read(output));
        return read(output);
    }

    @Test
    void productsAreThoseOfOurKernels() throws IOException, InterruptedException {
        Emulated.device().close();
        assumeTrue(CublasLtTest.class.getResource("/org/bytedeco/cuda/linux-x86_64/libjnicublas.so") != null, "no presets for Linux");
        assumeTrue(new File("/usr/bin/c++").canExecute(), "no C++ compiler");
        Path nothing = Files.writeString(folder.resolve("nothing.cc"), "int kinema_stands_in;\n");
        for (String name : List.of("libcuda.so.1", "libcudart.so.13", "libcublas.so.13")) {
            library(name, nothing);
        }
        library("libcublasLt.so.13", SOURCE);
        String text = check();
        assertTrue(text.startsWith("cuBLASLt 13.0.2\n") && text.endsWith("done\n"), text);
        for (String form : List.of("plain", "bias", "relu", "gelu", "product0", "product1", "product2", "product3")) {
            assertTrue(text.contains("FP32 " + form + ": ") && text.contains("BF16 " + form + ": "), text);
        }
        assertTrue(text.contains("a product of 1 x 1 x 6 and 6 x 5, F32 to F32: our own, as cublaslt does not do it: it knows no"
            + " algorithm\n"), text);
        assertTrue(text.lines().filter(l -> l.contains(" ms, not ")).count() == 8, text);
    }
}
