package dev.kinema.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compiles {@code src/peers} against what other engines declare, without the libraries behind it, which are some 300 MB: a change of ours
 * that breaks it shows in each build. ONNX Runtime is there as its sources, which javac looks signatures up in.
 */
class PeerSourcesTest {
    private static final String SERVICES = "META-INF/services/dev.kinema.bench.Peer";

    @TempDir
    private Path classes;

    @Test
    void theyCompileAndTheirServicesAreAmongThem() throws IOException {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        // with the profile they are on the class path already
        String path = Stream.of(all.split(File.pathSeparator)).filter(part -> !Files.exists(Path.of(part, SERVICES)))
            .collect(Collectors.joining(File.pathSeparator));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(said, null, StandardCharsets.UTF_8);
                Stream<Path> found = Files.walk(ModuleFolder.resolve("src/peers/java"))) {
            List<Path> files = found.filter(file -> file.toString().endsWith(".java")).toList();
            boolean compiled = compiler.getTask(null, manager, said, List.of("-proc:none", "-implicit:none", "-nowarn", "-cp", path, "-d",
                classes.toString()), null, manager.getJavaFileObjectsFromPaths(files)).call();
            assertTrue(compiled, () -> said.getDiagnostics().toString());
        }
        List<String> services = Files.readAllLines(ModuleFolder.resolve("src/peers/resources").resolve(SERVICES));
        assertEquals(3, services.size(), "libtorch, ONNX Runtime and DJL");
        services.forEach(name -> assertTrue(Files.exists(classes.resolve(name.replace('.', '/') + ".class")), name));
    }
}
