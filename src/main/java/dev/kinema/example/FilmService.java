package dev.kinema.example;

import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.kinema.KinemaException;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.ClipFeature;
import dev.kinema.embed.EncodingStoppedException;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.video.Damage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Films in, features and events out, by HTTP.
 *
 * <ul>
 * <li>{@code POST /films} with a film as its body answers JSON objects, one in a line: {@code {"clip": 0, "start": 0.0, "end": 2.1,
 * "feature": [...]}} for each clip as soon as it is encoded; where the encoder has a contextualizer {@code {"event": 0, "start": ..., "end":
 * ..., "values": [...]}} for each; and at the end {@code {"done": true, "clips": 4, "damage": "none"}}, or {@code {"error": ...}}. What goes
 * wrong before the first line has a status: 413 too large, 422 no film, 503 busy, 504 too long.
 * <li>{@code GET /health} answers 200 and what it computes with; {@code GET /metrics} counts for Prometheus.
 * </ul>
 *
 * <p>A client that goes away has its film cancelled with the next clip. The encoder remains its owner's, to be closed after the service.
 */
public final class FilmService implements AutoCloseable {
    private static final int STOP_SECONDS = 10;

    private final MovieEncoder encoder;
    private final ServiceOptions options;
    private final HttpServer server;
    private final ExecutorService threads;
    private final ServiceMetrics metrics = new ServiceMetrics();
    private final Set<Cancellation> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;

    private FilmService(MovieEncoder encoder, ServiceOptions options) throws IOException {
        this.encoder = encoder;
        this.options = options;
        server = HttpServer.create(new InetSocketAddress(options.address(), options.port()), 0);
        threads = Executors.newFixedThreadPool(options.connections());
        server.setExecutor(threads);
        server.createContext("/films", answering("POST", this::film));
        server.createContext("/health", answering("GET", this::health));
        server.createContext("/metrics", answering("GET", this::metrics));
    }

    /**
     * Listens, in threads of its own, until it is closed.
     *
     * @throws KinemaException if the port is taken or may not be
     */
    public static FilmService start(MovieEncoder encoder, ServiceOptions options) {
        try {
            FilmService service = new FilmService(encoder, options);
            service.server.start();
            return service;
        } catch (IOException e) {
            throw new KinemaException("cannot listen at " + options.address() + ", port " + options.port() + " (" + e.getMessage()
                + "): choose another port", e);
        }
    }

    /** Where it listens. */
    public URI address() {
        String host = options.address().getHostAddress();
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + server.getAddress().getPort());
    }

    /** A handler that answers one method at one path, and closes what it answered. */
    private HttpHandler answering(String method, HttpHandler handler) {
        return exchange -> {
            try (exchange) {
                if (!exchange.getHttpContext().getPath().equals(exchange.getRequestURI().getPath())) {
                    refuse(exchange, 404, "there is no " + exchange.getRequestURI().getPath() + ": ask for /films, /health or /metrics");
                } else if (!exchange.getRequestMethod().equals(method)) {
                    exchange.getResponseHeaders().set("Allow", method);
                    refuse(exchange, 405, exchange.getRequestMethod() + " is not answered here: use " + method);
                } else {
                    handler.handle(exchange);
                }
            }
        };
    }

    private void film(HttpExchange exchange) throws IOException {
        long begun = System.nanoTime();
        Cancellation cancellation = Cancellation.after(options.deadline());
        running.add(cancellation);
        Outcome outcome = Outcome.FAILED;
        // the answer is whole once the exchange is closed, and only then may the service be
        try (exchange) {
            if (closing) {
                cancellation.cancel();
            }
            outcome = receive(exchange, cancellation);
        } catch (IOException e) {
            outcome = Outcome.GONE;
            throw e;
        } finally {
            forget(cancellation);
            metrics.ended(outcome, System.nanoTime() - begun);
        }
    }

    private Outcome receive(HttpExchange exchange, Cancellation cancellation) throws IOException {
        String announced = exchange.getRequestHeaders().getFirst("Content-Length");
        if (announced != null && Long.parseLong(announced) > options.mostBytes()) {
            return fail(exchange, Outcome.OVERSIZED, new FilmUpload.OversizedException(options.mostBytes()).getMessage());
        }
        try (FilmUpload upload = FilmUpload.receive(exchange.getRequestBody(), options.uploads(), options.mostBytes())) {
            metrics.received(upload.bytes());
            if (upload.bytes() == 0) {
                return fail(exchange, Outcome.REFUSED, "the request has no body: send a film");
            }
            return encode(exchange, upload, cancellation);
        } catch (FilmUpload.OversizedException e) {
            return fail(exchange, Outcome.OVERSIZED, e.getMessage());
        }
    }

    private Outcome encode(HttpExchange exchange, FilmUpload upload, Cancellation cancellation) throws IOException {
        EventLines lines = new EventLines(exchange);
        try {
            answer(lines, upload, cancellation);
            return Outcome.DONE;
        } catch (UncheckedIOException e) {
            return Outcome.GONE;
        } catch (EncodingStoppedException e) {
            return fail(exchange, lines, Outcome.of(e), message(e, upload));
        } catch (KinemaException e) {
            return fail(exchange, lines, Outcome.BROKEN, message(e, upload));
        }
    }

    /** @throws UncheckedIOException if the client is gone */
    private void answer(EventLines lines, FilmUpload upload, Cancellation cancellation) {
        List<ClipFeature> clips = new ArrayList<>();
        Damage damage = encoder.stream(upload.file(), clip -> {
            clips.add(clip);
            sending(() -> lines.clip(clip));
            metrics.clip();
        }, cancellation);
        MovieFeatures film = encoder.features(upload.file(), clips, damage, cancellation);
        film.checkFinite();
        sending(() -> {
            for (int k = 0; film.events().isPresent() && k < film.clips(); k++) {
                lines.event(film, k);
            }
            lines.done(film);
        });
    }

    /** What may find the client gone. */
    @FunctionalInterface
    private interface Sending {
        void run() throws IOException;
    }

    private static void sending(Sending lines) {
        try {
            lines.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An error's words; where the film lay here is not the client's to know. */
    private static String message(KinemaException e, FilmUpload upload) {
        return e.getMessage().replace(upload.file().toString(), "film");
    }

    private Outcome fail(HttpExchange exchange, EventLines lines, Outcome outcome, String message) throws IOException {
        if (lines.hasBegun()) {
            lines.error(outcome, message);
            return outcome;
        }
        return fail(exchange, outcome, message);
    }

    private Outcome fail(HttpExchange exchange, Outcome outcome, String message) throws IOException {
        if (outcome == Outcome.BUSY) {
            exchange.getResponseHeaders().set("Retry-After", "1");
        }
        send(exchange, outcome.status, "application/json", EventLines.error(outcome.label(), message) + "\n");
        return outcome;
    }

    private void refuse(HttpExchange exchange, int status, String message) throws IOException {
        send(exchange, status, "application/json", EventLines.error(Outcome.REFUSED.label(), message) + "\n");
    }

    private void health(HttpExchange exchange) throws IOException {
        JsonObject health = new JsonObject();
        health.addProperty("status", "ok");
        health.addProperty("device", encoder.device());
        health.addProperty("trained", !encoder.isRandom());
        send(exchange, 200, "application/json", health + "\n");
    }

    private void metrics(HttpExchange exchange) throws IOException {
        send(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", metrics.text(encoder.load()));
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.getResponseBody().flush();
        if (status == Outcome.OVERSIZED.status) {
            FilmUpload.drain(exchange.getRequestBody());
        }
    }

    private void forget(Cancellation cancellation) {
        synchronized (running) {
            running.remove(cancellation);
            running.notifyAll();
        }
    }

    /** Ends the requests that run, and listens no more. */
    @Override
    public void close() {
        closing = true;
        running.forEach(Cancellation::cancel);
        try {
            awaitEnds();
        } catch (InterruptedException e) {
            // their connections are cut
            Thread.currentThread().interrupt();
        }
        server.stop(0);
        threads.shutdownNow();
    }

    private void awaitEnds() throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
        synchronized (running) {
            while (!running.isEmpty() && System.nanoTime() < until) {
                running.wait(TimeUnit.SECONDS.toMillis(1));
            }
        }
    }
}
