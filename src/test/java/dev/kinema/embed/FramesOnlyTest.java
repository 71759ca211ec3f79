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

/** That frames are encoded by a Java that has no FFmpeg on its class path. */
class FramesOnlyTest {
    @TempDir
    private Path folder;

    @Test
    void framesNeedNoFfmpeg() throws IOException, InterruptedException {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String without = Arrays.stream(all.split(File.pathSeparator)).filter(entry -> !Path.of(entry).getFileName().toString().startsWith("ffmpeg"))
            .collect(Collectors.joining(File.pathSeparator));
        assertTrue(without.length() < all.length(), all);
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
