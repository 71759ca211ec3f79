package dev.kinema.cli;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The folder that a long command writes to: whether its results could be kept is found before the work, not after it. */
final class OutputFolder {
    /** More than a file system keeps beside a file's name, so that a full disk shows. */
    private static final int PROBE_BYTES = 1 << 16;

    private OutputFolder() {
    }

    /** Without making anything. */
    static void check(Path out) {
        Path there = out.toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there) || !Files.isWritable(there)) {
            throw new KinemaException("'" + there + "' is " + (Files.isDirectory(there) ? "not writable" : "no folder")
                + ": choose another folder with --out");
        }
    }

    /** Makes it, and sees that something can be written there: a full disk, too, is better found before the work. */
    static void make(Path out) {
        try {
            Files.createDirectories(out);
            Path probe = Files.createTempFile(out, ".kinema-", ".probe");
            try {
                Files.write(probe, new byte[PROBE_BYTES]);
            } finally {
                Files.delete(probe);
            }
        } catch (IOException e) {
            throw new KinemaException("nothing can be written to the folder '" + out + "' (" + e + "): choose another one with --out", e);
        }
    }
}
