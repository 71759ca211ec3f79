package dev.kinema;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class VersionTest {
    @Test
    void versionIsTheOneThatMavenBuilds() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));
        assertTrue(pom.contains("<artifactId>kinema-parent</artifactId>"), "the tests run in the repository's root");
        assertTrue(pom.replaceAll("\\s+", "").contains("<version>" + Version.CURRENT + "</version>"), Version.CURRENT);
    }
}
