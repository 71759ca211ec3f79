package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Mul;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes that start on one device at the same moment, with nothing unpacked yet: each computes what it would alone. */
class TwoProcessesTest {
    private static final int SIZE = 50;

    @TempDir
    private Path folder;

    /** What a process does: says that it is there, waits for a line, computes on the device, and says what came out. */
    static final class Computation {
        public static void main(String[] arguments) throws IOException {
            System.out.println("there");
            System.in.read();
            System.out.println(Arrays.toString(result()));
        }
    }

    private static double[] result() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(SIZE));
        graph.output("y", Gelu.of(Mul.of(x, graph.parameter("w", Shape.of(SIZE), new Initializer.Normal(1)))));
        try (Device device = Emulated.device(); Weights weights = device.newWeights()) {
            weights.initialize(graph, 3);
            try (Program program = device.compile(graph, weights)) {
                for (int run = 0; run < 3; run++) {
                    for (int i = 0; i < SIZE; i++) {
                        program.input("x").set(i, Math.cos(run + i));
                    }
                    program.run();
                }
                return program.output("y").toDoubles();
            }
        }
    }

    /** A jar of the kernels' library, as natives come to users: it has to be unpacked. */
    private Path jar() throws IOException, URISyntaxException {
        String name = "dev/kinema/device/cuda/binding/" + Loader.Detector.getPlatform() + "-emulated";
        Path natives = Path.of(TwoProcessesTest.class.getClassLoader().getResource(name + "/build-id").toURI()).getParent();
        Path jar = folder.resolve("natives.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar)); Stream<Path> files = Files.list(natives)) {
            files.sorted().forEach(file -> {
                try {
                    out.putNextEntry(new JarEntry(name + "/" + file.getFileName()));
                    Files.copy(file, out);
                    out.closeEntry();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        return jar;
    }

    private Process start(Path natives, Path output) throws IOException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", "-Dorg.bytedeco.javacpp.platform.extension=-emulated",
            "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache")));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(argument -> argument.startsWith("--")).forEach(java::add);
        java.addAll(List.of("-cp", natives + File.pathSeparator
            + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Computation.class.getName()));
        return new ProcessBuilder(java).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    }

    private static void awaitLines(Process process, Path output) throws IOException, InterruptedException {
        while (process.isAlive() && Files.size(output) == 0) {
            Thread.sleep(5);
        }
    }

    @Test
    void bothUnpackTheKernelsAndCompute() throws IOException, InterruptedException, URISyntaxException {
        Emulated.device().close();
        Path natives = jar();
        List<Path> outputs = List.of(folder.resolve("first"), folder.resolve("second"));
        List<Process> processes = new ArrayList<>();
        try {
            for (Path output : outputs) {
                processes.add(start(natives, output));
            }
            for (int p = 0; p < 2; p++) {
                awaitLines(processes.get(p), outputs.get(p));
            }
            for (Process process : processes) {
                try (OutputStream go = process.getOutputStream()) {
                    go.write('\n');
                }
            }
            String expected = Arrays.toString(result());
            for (int p = 0; p < 2; p++) {
                assertTrue(processes.get(p).waitFor(2, TimeUnit.MINUTES), "the process ends");
                String said = Files.readString(outputs.get(p), StandardCharsets.UTF_8);
                assertEquals(0, processes.get(p).exitValue(), said);
                assertEquals("there\n" + expected + "\n", said);
            }
        } finally {
            processes.forEach(Process::destroy);
        }
        try (Stream<Path> unpacked = Files.walk(folder.resolve("cache"))) {
            List<Path> libraries = unpacked.filter(path -> path.toString().endsWith(".so")).toList();
            assertTrue(libraries.stream().anyMatch(path -> path.toString().contains("natives.jar")), libraries::toString);
        }
    }
}
