package dev.kinema.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The jar of the kernels, which the module before this one has packed when all is built: what users put on their class path. */
class PlatformJarTest {
    private static final String PLATFORM = "linux-x86_64";
    private static final String FOLDER = "dev/kinema/device/cuda/binding/" + PLATFORM + "/";
    private static final Path TARGET = ModuleFolder.resolve("../target");

    /** Libraries and the id of the build, all of them as they were staged, of this build, and nothing of the emulator's. */
    @Test
    void theJarHasTheLibrariesOfThisBuild() throws IOException {
        Path id = TARGET.resolve("native/build-id");
        Path folder = TARGET.resolve("kinema");
        assumeTrue(Files.exists(id) && Files.exists(folder), "the kernels were not built");
        Path jar;
        try (Stream<Path> files = Files.list(folder)) {
            jar = files.filter(file -> file.toString().endsWith("-" + PLATFORM + ".jar")).findFirst().orElse(null);
        }
        assumeTrue(jar != null && Files.getLastModifiedTime(jar).compareTo(Files.getLastModifiedTime(id)) >= 0,
            "there is no jar of this build in " + folder + ": mvn verify packs it");
        Set<String> staged = new TreeSet<>();
        try (Stream<Path> files = Files.list(TARGET.resolve("stage").resolve(FOLDER))) {
            files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".so") || name.equals("build-id"))
                .forEach(staged::add);
        }
        assertTrue(staged.contains("libjniKinema.so"), "the binding's glue is staged: " + staged);
        try (JarFile packed = new JarFile(jar.toFile())) {
            Set<String> names = new TreeSet<>();
            packed.stream().filter(entry -> !entry.isDirectory() && !entry.getName().startsWith("META-INF/"))
                .forEach(entry -> names.add(entry.getName().replace(FOLDER, "")));
            assertEquals(staged, names);
            try (InputStream text = packed.getInputStream(packed.getEntry(FOLDER + "build-id"))) {
                assertEquals(Files.readString(id), new String(text.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
    }
}
