package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes files that appear whole or not at all: into a new file of the same folder, forced to the disk, then renamed over the
 * destination. Whoever reads the destination sees the old bytes or the new ones; a writer that fails leaves the old ones, and
 * nothing beside them.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** What is to be in the file. */
    @FunctionalInterface
    public interface Content {
        /**
         * Writes all of it.
         *
         * @param out an empty file, open for writing; the caller closes it
         * @throws IOException if it cannot be written
         */
        void writeTo(FileChannel out) throws IOException;
    }

    /**
     * Creates or replaces {@code destination}.
     *
     * @param destination the file; its folder must exist. A symbolic link is followed
     * @param content writes the bytes; what it throws is passed on, with the destination untouched
     * @throws KinemaException if the folder is missing, the destination is a folder, or the disk refuses
     */
    public static void write(Path destination, Content content) {
        if (Files.isDirectory(destination)) {
            throw new KinemaException(destination + ": is a folder: name a file to write");
        }
        Path folder = destination.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new KinemaException(destination + ": its folder does not exist: create " + folder + " first");
        }
        try {
            Path target = Files.isSymbolicLink(destination) && Files.exists(destination)
                    ? destination.toRealPath() : destination.toAbsolutePath();
            replace(target, content);
        } catch (IOException e) {
            throw new KinemaException(destination + ": cannot be written: " + IoReason.of(e), e);
        }
    }

    /** {@link #write} of a text, in UTF-8. */
    public static void writeText(Path destination, String text) {
        write(destination, out -> writeFully(out, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
    }

    /** Writes what remains in {@code bytes}. */
    static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static void replace(Path target, Content content) throws IOException {
        Path folder = target.getParent();
        // a short name of its own: the destination's may already be as long as the file system allows
        Path temporary = folder.resolve(String.format(Locale.ROOT, ".kinema-%016x.part", ThreadLocalRandom.current().nextLong()));
        boolean done = false;
        try {
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(out);
                out.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            done = true;
        } finally {
            if (!done) {
                Files.deleteIfExists(temporary);
            }
        }
        forceFolder(folder);
    }

    /** The rename itself survives a power cut only once the folder is on the disk. Windows cannot open a folder, and orders it itself. */
    private static void forceFolder(Path folder) throws IOException {
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
                directory.force(true);
            }
        }
    }
}
