package dev.kinema.example;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A film that was sent, in a file that is deleted with it: a film must be sought in. */
record FilmUpload(Path file, long bytes) implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    /** What is read of a film too large before the connection is cut, so that a client that writes first gets to read why. */
    private static final long MOST_DRAINED = 16 << 20;

    /** The film was larger than it may be. */
    static final class OversizedException extends IOException {
        private static final long serialVersionUID = 1L;

        OversizedException(long mostBytes) {
            super("the film is larger than " + mostBytes + " bytes: send a smaller one, or have the service take more");
        }
    }

    /**
     * Reads a film to its end.
     *
     * @param folder for the file
     * @throws OversizedException if it has more than so many bytes
     * @throws IOException if the client goes away, or the disk is full
     */
    static FilmUpload receive(InputStream body, Path folder, long mostBytes) throws IOException {
        Path file = Files.createTempFile(folder, "kinema-upload-", ".film");
        boolean complete = false;
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] buffer = new byte[BUFFER];
            long bytes = 0;
            for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
                bytes += read;
                if (bytes > mostBytes) {
                    throw new OversizedException(mostBytes);
                }
                out.write(buffer, 0, read);
            }
            complete = true;
            return new FilmUpload(file, bytes);
        } finally {
            if (!complete) {
                Files.delete(file);
            }
        }
    }

    /** Reads the rest of a body that nobody wants, up to a bound. */
    static void drain(InputStream body) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long left = MOST_DRAINED;
        for (int read = body.read(buffer); read >= 0 && left > 0; read = body.read(buffer)) {
            left -= read;
        }
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
