package dev.kinema.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.embed.TinyNetwork;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that are refused before their film was read get to know why, those that look for it first and those that send all first. */
@Timeout(60)
class RefusedClientsTest {
    /** More than the buffers between two sockets hold, and less than the service reads of what it refuses. */
    private static final int UPLOAD = 12 << 20;
    /** The service reads a second of what it refuses, which a machine that is busy may not give it. */
    private static final int TRIES = 5;

    @TempDir
    static Path folder;
    private static MovieEncoder encoder;

    @TempDir
    private Path uploads;

    @BeforeAll
    static void open() {
        encoder = MovieEncoder.open(MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 1)
            .withPrecision(PrecisionChoice.FP32));
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private long files() throws IOException {
        try (Stream<Path> files = Files.list(uploads)) {
            return files.count();
        }
    }

    private void awaitUpload() throws IOException, InterruptedException {
        while (files() == 0) {
            Thread.sleep(1);
        }
    }

    @AfterEach
    void noUploadIsLeft() throws IOException {
        assertEquals(0, files());
    }

    private ServiceOptions options() {
        return ServiceOptions.at(0).withUploads(uploads);
    }

    /** What a client reads that sends all of its film before it looks for an answer. */
    private static FilmSocket.Answer afterAll(Callable<FilmSocket> begun) throws Exception {
        for (int tries = 1;; tries++) {
            try (FilmSocket socket = begun.call()) {
                socket.getOutputStream().write(new byte[UPLOAD]);
                return socket.answer();
            } catch (SocketException e) {
                if (tries == TRIES) {
                    throw e;
                }
            }
        }
    }

    private static void assertRefused(Outcome expected, FilmSocket.Answer answer) {
        assertEquals(expected.status, answer.status(), answer::toString);
        assertEquals(expected.label(), answer.body().get("outcome").getAsString());
    }

    @Test
    void whoFindsNoPlaceReadsWhy() throws Exception {
        try (FilmService service = FilmService.start(encoder, options().withConnections(1));
                FilmSocket first = new FilmSocket(service, 1000)) {
            awaitUpload();
            try (FilmSocket unread = new FilmSocket(service, UPLOAD)) {
                FilmSocket.Answer answer = unread.answer();
                assertRefused(Outcome.BUSY, answer);
                assertTrue(answer.head().contains("\r\nRetry-after: 1\r\n"), answer.head());
            }
            assertRefused(Outcome.BUSY, afterAll(() -> new FilmSocket(service, UPLOAD)));
        }
    }

    /** A client that sends byte by byte until it has an answer. */
    private static FilmSocket late(FilmService service) throws IOException, InterruptedException {
        FilmSocket socket = new FilmSocket(service, 2L * UPLOAD);
        while (socket.getInputStream().available() == 0) {
            socket.send("x");
            Thread.sleep(2);
        }
        return socket;
    }

    @Test
    void whoseTimeIsOverReadsWhy() throws Exception {
        try (FilmService service = FilmService.start(encoder, options().withDeadline(Duration.ofMillis(100)))) {
            try (FilmSocket unread = late(service)) {
                assertRefused(Outcome.DEADLINE, unread.answer());
            }
            assertRefused(Outcome.DEADLINE, afterAll(() -> late(service)));
        }
    }

    @Test
    void aServiceThatClosesStopsAnUploadAndSaysSo() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        FilmService service = FilmService.start(encoder, options().withMostBytes(Long.MAX_VALUE));
        try (FilmSocket endless = new FilmSocket(service, 1L << 40)) {
            Future<?> sending = threads.submit(() -> {
                while (true) {
                    endless.getOutputStream().write(new byte[1 << 16]);
                }
            });
            Future<FilmSocket.Answer> answer = threads.submit(endless::answer);
            awaitUpload();
            service.close();
            assertRefused(Outcome.STOPPED, answer.get());
            assertTrue(assertThrows(ExecutionException.class, sending::get).getCause() instanceof IOException, "nobody reads on");
        } finally {
            threads.shutdownNow();
        }
    }
}
