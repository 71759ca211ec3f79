package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * That frames are encoded by a Java whose class path lacks what README.md says a host may leave out, and that a film in a file, for which
 * FFmpeg is needed, is refused there with the remedy.
 */
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
        String dependency = readme.substring(readme.indexOf("<dependency>"), readme.indexOf("</dependency>"));
        String active = dependency.replaceAll("(?s)<!--.*?-->", "");
        for (String artifact : List.of("ffmpeg", "picocli", "jtokkit")) {
            String excluded = "<artifactId>" + artifact + "</artifactId></exclusion>";
            assertTrue(dependency.contains(excluded), artifact);
            // the example above it reads a film: what is copied as it stands must run it
            assertEquals(!artifact.equals("ffmpeg"), active.contains(excluded), artifact);
        }
    }

    @Test
    void framesNeedLittle() throws IOException, InterruptedException {
        Path film = Files.writeString(folder.resolve("film.mp4"), "what is in it matters no more");
        Path frames = Files.createDirectory(folder.resolve("frames"));
        // long enough for a clip
        for (int i = 1; i <= 100; i++) {
            Files.createFile(frames.resolve(String.format(Locale.ROOT, "frames_%06d.jpg", i)));
        }
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
            TinyNetwork.backbone(folder).toString(), film.toString(), frames.toString()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            assertTrue(java.waitFor(60, TimeUnit.SECONDS), "it takes too long");
        } finally {
            java.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(log);
        assertEquals(4, lines.size(), lines::toString);
        for (String refusal : lines.subList(0, 2)) {
            assertTrue(refusal.startsWith("FFmpeg is not on the class path") && refusal.contains("add org.bytedeco:ffmpeg")
                && refusal.contains("GivenFilm"), refusal);
        }
        assertEquals(List.of("2 clips", "128 numbers"), lines.subList(2, 4));
    }
}
