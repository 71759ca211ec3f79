package dev.kinema.example;

import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.kinema.KinemaException;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.MovieEncoder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Films in, features and events out, by HTTP.
 *
 * <ul>
 * <li>{@code POST /films} with a film as its body answers JSON objects, one in a line: {@code {"clip": 0, "start": 0.0, "end": 2.1,
 * "feature": [...]}} for each clip as soon as it is encoded; where the encoder has a contextualizer {@code {"event": 0, "start": ...,
 * "end": ..., "values": [...]}} for each; and at the end {@code {"done": true, "clips": 4, "damage": "none"}}, or
 * {@code {"error": ...}}. What goes wrong before the first line has a status: 413 too large, 422 no film, 503 busy, 504 too long; 507 and
 * 500 for what the service could not do, which it logs.
 * <li>{@code GET /health} answers 200 and what it computes with; {@code GET /metrics} counts for Prometheus.
 * </ul>
 *
 * <p>A client that goes away has its film cancelled with the next clip. One that keeps the service waiting, as it sends or as it reads, is
 * cut off: after {@link ServiceOptions#stall} in which it does nothing, and when the request's deadline is over. Nothing is buffered for
 * it, so that its film waits with it, in one of the encoder's places. The encoder remains its owner's, to be closed after the service.
 */
public final class FilmService implements AutoCloseable {
    private static final int STOP_SECONDS = 10;
    /** Threads beside those of films, which these never have: for heads of requests, health, metrics, and what is refused. */
    private static final int OTHERS = 64;
    /** In which a film whose time is over is still told so. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final MovieEncoder encoder;
    private final ServiceOptions options;
    private final HttpServer server;
    private final RequestThreads threads;
    private final Semaphore films;
    private final ServiceMetrics metrics = new ServiceMetrics();
    private final Set<Cancellation> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;

    private FilmService(MovieEncoder encoder, ServiceOptions options) throws IOException {
        this.encoder = encoder;
        this.options = options;
        server = HttpServer.create(new InetSocketAddress(options.address(), options.port()), 0);
        threads = new RequestThreads(options.connections() + OTHERS);
        films = new Semaphore(options.connections());
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
        RequestTime time = threads.time();
        if (films.tryAcquire()) {
            admitted(exchange, time);
        } else {
            turnAway(exchange, time);
        }
    }

    private void turnAway(HttpExchange exchange, RequestTime time) throws IOException {
        try {
            FilmRequest.send(exchange, time, Outcome.BUSY, "the service has " + options.connections() + " films already: try again later");
            FilmUpload.drain(exchange.getRequestBody(), time);
        } finally {
            metrics.ended(Outcome.BUSY, time.taken());
        }
    }

    private void admitted(HttpExchange exchange, RequestTime time) throws IOException {
        time.allow(options.stall(), options.deadline(), GRACE);
        Cancellation cancellation = Cancellation.after(time.left());
        running.add(cancellation);
        FilmRequest request = new FilmRequest(exchange, time, cancellation, options, metrics);
        // the answer is whole once the exchange is closed, and only then may the service be
        try (exchange) {
            if (closing) {
                cancellation.cancel();
            }
            request.answer(encoder);
            time.waiting();
        } finally {
            films.release();
            forget(cancellation);
            metrics.ended(request.outcome(), time.taken());
        }
    }

    private void refuse(HttpExchange exchange, int status, String message) throws IOException {
        FilmRequest.send(exchange, threads.time(), status, "application/json", EventLines.error(Outcome.REFUSED.label(), message) + "\n");
        FilmUpload.drain(exchange.getRequestBody(), threads.time());
    }

    private void health(HttpExchange exchange) throws IOException {
        JsonObject health = new JsonObject();
        health.addProperty("status", "ok");
        health.addProperty("device", encoder.device());
        health.addProperty("trained", !encoder.isRandom());
        FilmRequest.send(exchange, threads.time(), 200, "application/json", health + "\n");
    }

    private void metrics(HttpExchange exchange) throws IOException {
        FilmRequest.send(exchange, threads.time(), 200, "text/plain; version=0.0.4; charset=utf-8", metrics.text(encoder.load()));
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
        threads.hurry();
        running.forEach(Cancellation::cancel);
        try {
            awaitEnds();
        } catch (InterruptedException e) {
            // their connections are cut
            Thread.currentThread().interrupt();
        }
        server.stop(0);
        threads.close();
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
