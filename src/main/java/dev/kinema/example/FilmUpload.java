package dev.kinema.example;

import dev.kinema.embed.Cancellation;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A film that was sent, in a file that is deleted with it: a film must be sought in. */
record FilmUpload(Path file, long bytes) implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    /** What is read of a body that nobody wants before the connection is cut, so that a client that writes first gets to read why. */
    private static final long MOST_DRAINED = 16 << 20;
    private static final long DRAINED_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A film that is not received whole, and what its client is to be told. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;
        private final Outcome outcome;

        private RefusedException(Outcome outcome, String message) {
            super(message);
            this.outcome = outcome;
        }

        Outcome outcome() {
            return outcome;
        }
    }

    static RefusedException oversized(long mostBytes) {
        return new RefusedException(Outcome.OVERSIZED,
            "the film is larger than " + mostBytes + " bytes: send a smaller one, or have the service take more");
    }

    /**
     * Reads a film to its end.
     *
     * @param folder for the file
     * @throws RefusedException if it has more than so many bytes, or takes longer than the request may, or the service ends
     * @throws ClientGoneException if the client goes away
     * @throws IOException if the film cannot be stored
     */
    static FilmUpload receive(InputStream body, Path folder, long mostBytes, RequestTime time, Cancellation cancellation)
            throws IOException {
        Path file = Files.createTempFile(folder, "kinema-upload-", ".film");
        boolean complete = false;
        try {
            FilmUpload film = new FilmUpload(file, copy(body, file, mostBytes, time, cancellation));
            complete = true;
            return film;
        } finally {
            if (!complete) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static long copy(InputStream body, Path file, long mostBytes, RequestTime time, Cancellation cancellation)
            throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] buffer = new byte[BUFFER];
            long bytes = 0;
            for (int read = read(body, buffer, time); read >= 0; read = read(body, buffer, time)) {
                bytes += read;
                if (bytes > mostBytes) {
                    throw oversized(mostBytes);
                }
                if (time.isOver()) {
                    throw new RefusedException(Outcome.DEADLINE,
                        "the film was not there when the request's time was over: send it faster, or a smaller one");
                }
                if (cancellation.isCancelled()) {
                    throw new RefusedException(Outcome.STOPPED, "the service ends: send the film to another one, or later");
                }
                out.write(buffer, 0, read);
            }
            return bytes;
        }
    }

    private static int read(InputStream body, byte[] buffer, RequestTime time) throws ClientGoneException {
        time.waiting();
        try {
            return body.read(buffer);
        } catch (IOException e) {
            throw new ClientGoneException(e);
        } finally {
            time.moved();
        }
    }

    /** Reads the rest of a body that nobody wants, up to a bound of bytes and time. */
    static void drain(InputStream body, RequestTime time) throws ClientGoneException {
        byte[] buffer = new byte[BUFFER];
        long left = MOST_DRAINED;
        long begun = System.nanoTime();
        for (int read = read(body, buffer, time); read >= 0 && left > 0 && System.nanoTime() - begun < DRAINED_NANOS;
                read = read(body, buffer, time)) {
            left -= read;
        }
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
