package dev.kinema.example;

import com.sun.net.httpserver.HttpExchange;
import dev.kinema.KinemaException;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.EncodingStoppedException;
import dev.kinema.embed.FilmException;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieFeatures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A film from its first byte to the last line about it. What goes wrong is told to its client, or logged where it is not its. */
final class FilmRequest {
    private static final System.Logger LOG = System.getLogger(FilmService.class.getName());
    private static final String OURS = "the service failed, and its log says why: try again later";

    private final HttpExchange exchange;
    private final RequestTime time;
    private final Cancellation cancellation;
    private final ServiceOptions options;
    private final ServiceMetrics metrics;
    private final EventLines lines;
    /** Null as long as it has not ended. */
    private Outcome outcome;

    FilmRequest(HttpExchange exchange, RequestTime time, Cancellation cancellation, ServiceOptions options, ServiceMetrics metrics) {
        this.exchange = exchange;
        this.time = time;
        this.cancellation = cancellation;
        this.options = options;
        this.metrics = metrics;
        lines = new EventLines(exchange, time);
    }

    /** How it ended. */
    Outcome outcome() {
        return outcome == null ? Outcome.FAILED : outcome;
    }

    /** @throws ClientGoneException if the client is not there to be answered, after which the connection is of no use */
    void answer(MovieEncoder encoder) throws ClientGoneException {
        try {
            receive(encoder);
        } catch (ClientGoneException e) {
            // an answer that cannot be sent does not change what it says
            if (outcome == null) {
                outcome = time.cut().orElse(Outcome.GONE);
            }
            throw e;
        }
    }

    private void receive(MovieEncoder encoder) throws ClientGoneException {
        try {
            String announced = exchange.getRequestHeaders().getFirst("Content-Length");
            if (announced != null && Long.parseLong(announced) > options.mostBytes()) {
                throw FilmUpload.oversized(options.mostBytes());
            }
            try (FilmUpload upload = FilmUpload.receive(exchange.getRequestBody(), options.uploads(), options.mostBytes(), time,
                    cancellation)) {
                metrics.received(upload.bytes());
                if (upload.bytes() == 0) {
                    fail(Outcome.REFUSED, "the request has no body: send a film");
                } else {
                    encode(encoder, upload);
                }
            }
        } catch (FilmUpload.RefusedException e) {
            fail(e.outcome(), e.getMessage());
        } catch (ClientGoneException e) {
            throw e;
        } catch (IOException e) {
            // what is left is the disk: a write to it fails, too, in a thread that was cut off
            if (time.cut().isPresent()) {
                throw new ClientGoneException(e);
            }
            LOG.log(System.Logger.Level.ERROR, "a film could not be kept in " + options.uploads(), e);
            fail(Outcome.STORAGE, OURS);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a film was not encoded, for a bug, a device that failed, or what the machine lacks", e);
            fail(Outcome.FAILED, OURS);
        }
    }

    private void encode(MovieEncoder encoder, FilmUpload upload) throws IOException {
        try {
            MovieFeatures film = encoder.encode(upload.file(), cancellation, clip -> {
                sending(() -> lines.clip(clip));
                metrics.clip();
            });
            for (int k = 0; film.events().isPresent() && k < film.clips(); k++) {
                lines.event(film, k);
            }
            outcome = Outcome.DONE;
            lines.done(film);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (EncodingStoppedException e) {
            fail(time.cut().orElse(Outcome.of(e)), message(e, upload));
        } catch (FilmException e) {
            fail(Outcome.BROKEN, message(e, upload));
        }
    }

    /** What may find the client gone. */
    @FunctionalInterface
    private interface Sending {
        void run() throws ClientGoneException;
    }

    private static void sending(Sending lines) {
        try {
            lines.run();
        } catch (ClientGoneException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An error's words; where the film lay here is not the client's to know. */
    private static String message(KinemaException e, FilmUpload upload) {
        return e.getMessage().replace(upload.file().toString(), "film");
    }

    private void fail(Outcome how, String message) throws ClientGoneException {
        outcome = how;
        if (lines.hasBegun()) {
            lines.error(how, message);
            return;
        }
        send(exchange, time, how, message);
        FilmUpload.drain(exchange.getRequestBody(), time);
    }

    /** Answers with an error alone. */
    static void send(HttpExchange exchange, RequestTime time, Outcome outcome, String message) throws ClientGoneException {
        if (outcome == Outcome.BUSY) {
            exchange.getResponseHeaders().set("Retry-After", "1");
        }
        send(exchange, time, outcome.status, "application/json", EventLines.error(outcome.label(), message) + "\n");
    }

    static void send(HttpExchange exchange, RequestTime time, int status, String type, String text) throws ClientGoneException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        time.waiting();
        try {
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.getResponseBody().flush();
        } catch (IOException e) {
            throw new ClientGoneException(e);
        }
    }
}
