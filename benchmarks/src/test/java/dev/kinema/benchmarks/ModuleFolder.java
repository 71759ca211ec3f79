package dev.kinema.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where this module's files are: tests run in its folder or in the root. */
public final class ModuleFolder {
    private ModuleFolder() {}

    /** A file or folder of the module. */
    public static Path resolve(String path) {
        Path fromRoot = Path.of("benchmarks");
        return Files.isDirectory(fromRoot) ? fromRoot.resolve(path) : Path.of(path);
    }
}
