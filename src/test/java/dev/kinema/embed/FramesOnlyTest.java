package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That frames are encoded by a Java whose class path lacks what README.md says a host may leave out. */
class FramesOnlyTest {
    private static final List<String> LEFT_OUT = List.of("ffmpeg-", "picocli-", "jtokkit-", "cuda-");

    @TempDir
    private Path folder;

    private static boolean isKept(String entry) {
        String name = Path.of(entry).getFileName().toString();
        return LEFT_OUT.stream().noneMatch(name::startsWith);
    }

    @Test
    void readmeNamesWhatMayBeLeftOut() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        for (String artifact : List.of("ffmpeg", "picocli", "jtokkit")) {
            assertTrue(readme.contains("<artifactId>" + artifact + "</artifactId>"), artifact);
        }
    }

    @Test
    void framesNeedLittle() throws IOException, InterruptedException {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String without = Arrays.stream(all.split(File.pathSeparator)).filter(FramesOnlyTest::isKept)
            .collect(Collectors.joining(File.pathSeparator));
        for (String left : LEFT_OUT.subList(0, 3)) {
            assertTrue(all.contains(left) && !without.contains(File.separator + left), () -> left + " in " + all);
        }
        String cache = System.getProperty("org.bytedeco.javacpp.cachedir");
        Path log = folder.resolve("log");
        Process java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-Dorg.bytedeco.javacpp.cachedir=" + (cache == null ? folder : cache), "-cp", without, FramesOnly.class.getName(),
            TinyNetwork.backbone(folder).toString()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            assertTrue(java.waitFor(60, TimeUnit.SECONDS), "it takes too long");
        } finally {
            java.destroyForcibly();
        }
        assertEquals(List.of("2 clips", "128 numbers"), Files.readAllLines(log));
    }
}
