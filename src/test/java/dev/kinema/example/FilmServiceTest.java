package dev.kinema.example;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.embed.Cancellation;
import dev.kinema.embed.EncoderLoad;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.embed.ServingConfig;
import dev.kinema.embed.TinyNetwork;
import dev.kinema.video.EventFilm;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real requests to a real server: good films, many at once, and everything that a client may do wrong. */
@Timeout(60)
class FilmServiceTest {
    @TempDir
    static Path folder;
    private static Path uploads;
    private static Path film;
    private static MovieEncoderConfig config;

    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeAll
    static void make() throws IOException {
        uploads = Files.createDirectory(folder.resolve("uploads"));
        film = folder.resolve("film.mp4");
        EventFilm.of(4, List.of(1, 5, 2, 7), EventFilm.Format.SMALL).write(film);
        config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32);
    }

    @AfterEach
    void noUploadIsLeft() throws IOException {
        try (Stream<Path> files = Files.list(uploads)) {
            assertEquals(List.of(), files.toList());
        }
    }

    private static ServiceOptions options() {
        return ServiceOptions.at(0).withUploads(uploads);
    }

    /** Clips so close that the film takes a while, whatever the machine. */
    private static MovieEncoderConfig slow() {
        return config.withHop(0.01);
    }

    private static HttpRequest request(FilmService service, String path, BodyPublisher body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(service.address().resolve(path));
        return (body == null ? request.GET() : request.POST(body)).build();
    }

    private HttpResponse<String> post(FilmService service, BodyPublisher body) throws IOException, InterruptedException {
        return client.send(request(service, "/films", body), BodyHandlers.ofString());
    }

    private String get(FilmService service, String path) throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(request(service, path, null), BodyHandlers.ofString());
        assertEquals(200, response.statusCode(), response.body());
        return response.body();
    }

    private static List<JsonObject> lines(String body) {
        return body.lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    }

    private static JsonObject last(String body) {
        List<JsonObject> lines = lines(body);
        return lines.get(lines.size() - 1);
    }

    private static float[] floats(JsonArray array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).getAsFloat();
        }
        return values;
    }

    private static void awaitIdle(MovieEncoder encoder) throws InterruptedException {
        while (!encoder.load().equals(new EncoderLoad(0, 0))) {
            Thread.sleep(5);
        }
    }

    private void awaitMetric(FilmService service, String line) throws IOException, InterruptedException {
        while (!get(service, "/metrics").contains(line + "\n")) {
            Thread.sleep(5);
        }
    }

    /** Longer than there are nanoseconds to count: each film gets its place, and gives it back. */
    @Test
    void aDeadlineMayBeForEver() throws Exception {
        Duration forEver = Duration.ofSeconds(Long.MAX_VALUE);
        try (MovieEncoder encoder = MovieEncoder.open(config);
                FilmService service = FilmService.start(encoder, options().withDeadline(forEver).withStall(forEver).withConnections(1))) {
            for (int i = 0; i < 2; i++) {
                assertEquals(200, post(service, BodyPublishers.ofFile(film)).statusCode());
                awaitMetric(service, "kinema_requests_total{outcome=\"done\"} " + (i + 1));
            }
        }
    }

    @Test
    void aFilmBecomesLinesOfClipsAndEvents() throws Exception {
        try (MovieEncoder encoder = MovieEncoder.open(config.withContextualizer(TinyNetwork.contextualizer(folder)));
                FilmService service = FilmService.start(encoder, options())) {
            assertEquals("127.0.0.1", service.address().getHost(), "loopback unless asked otherwise");
            MovieFeatures expected = encoder.encode(film);
            HttpResponse<String> response = post(service, BodyPublishers.ofFile(film));
            assertEquals(200, response.statusCode());
            List<JsonObject> lines = lines(response.body());
            int clips = expected.clips();
            assertTrue(clips > 1);
            assertEquals(2 * clips + 1, lines.size(), response.body());
            for (int k = 0; k < clips; k++) {
                assertEquals(k, lines.get(k).get("clip").getAsInt());
                assertEquals(expected.start(k), lines.get(k).get("start").getAsDouble());
                assertArrayEquals(expected.feature(k), floats(lines.get(k).getAsJsonArray("feature")));
                assertEquals(k, lines.get(clips + k).get("event").getAsInt());
                assertArrayEquals(expected.event(k), floats(lines.get(clips + k).getAsJsonArray("values")));
            }
            assertEquals("{\"done\":true,\"clips\":" + clips + ",\"damage\":\"none\"}", lines.get(2 * clips).toString());
            String metrics = get(service, "/metrics");
            assertTrue(metrics.contains("kinema_requests_total{outcome=\"done\"} 1\n"), metrics);
            assertTrue(metrics.contains("kinema_clips_total " + clips + "\n"), metrics);
            assertTrue(metrics.contains("kinema_received_bytes_total " + Files.size(film) + "\n"), metrics);
            JsonObject health = last(get(service, "/health"));
            assertEquals("ok", health.get("status").getAsString());
            assertFalse(health.get("trained").getAsBoolean());
        }
    }

    @Test
    void manyAtOnceGetTheSameLines() throws Exception {
        try (MovieEncoder encoder = MovieEncoder.open(config); FilmService service = FilmService.start(encoder, options())) {
            String alone = post(service, BodyPublishers.ofFile(film)).body();
            List<CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                calls.add(client.sendAsync(request(service, "/films", BodyPublishers.ofFile(film)), BodyHandlers.ofString()));
            }
            for (CompletableFuture<HttpResponse<String>> call : calls) {
                assertEquals(alone, call.get().body());
            }
            awaitIdle(encoder);
        }
    }

    @Test
    void oversizedFilmsAreRefusedHoweverTheyCome() throws Exception {
        byte[] large = new byte[300_000];
        try (MovieEncoder encoder = MovieEncoder.open(config);
                FilmService service = FilmService.start(encoder, options().withMostBytes(100_000))) {
            List<BodyPublisher> bodies = List.of(BodyPublishers.ofByteArray(large),
                // in chunks, without a length
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)));
            for (BodyPublisher body : bodies) {
                HttpResponse<String> response = post(service, body);
                assertEquals(413, response.statusCode());
                assertTrue(last(response.body()).get("error").getAsString().contains("100000 bytes"), response.body());
            }
            assertTrue(get(service, "/metrics").contains("kinema_requests_total{outcome=\"oversized\"} 2\n"));
        }
    }

    @Test
    void brokenFilmsAndWrongRequestsAreNamed() throws Exception {
        try (MovieEncoder encoder = MovieEncoder.open(config); FilmService service = FilmService.start(encoder, options())) {
            HttpResponse<String> text = post(service, BodyPublishers.ofString("this is no film at all"));
            assertEquals(422, text.statusCode());
            String error = last(text.body()).get("error").getAsString();
            assertTrue(error.contains("film") && !error.contains("kinema-upload"), error);
            byte[] whole = Files.readAllBytes(film);
            HttpResponse<String> half = post(service, BodyPublishers.ofByteArray(whole, 0, whole.length / 2));
            assertEquals(422, half.statusCode(), half.body());
            assertTrue(last(half.body()).get("error").getAsString().contains("moov"), half.body());
            assertEquals(400, post(service, BodyPublishers.noBody()).statusCode());
            assertEquals(405, client.send(request(service, "/films", null), BodyHandlers.ofString()).statusCode());
            assertEquals(404, client.send(request(service, "/filmsandmore", null), BodyHandlers.ofString()).statusCode());
            assertEquals(200, post(service, BodyPublishers.ofFile(film)).statusCode(), "the service goes on");
        }
    }

    @Test
    void aClientThatGoesAwayCancelsItsFilm() throws Exception {
        try (MovieEncoder encoder = MovieEncoder.open(slow()); FilmService service = FilmService.start(encoder, options())) {
            URI address = service.address();
            try (Socket socket = new Socket(address.getHost(), address.getPort())) {
                String head = "POST /films HTTP/1.1\r\nHost: here\r\nContent-Length: " + Files.size(film) + "\r\n\r\n";
                socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                Files.copy(film, socket.getOutputStream());
                BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                assertEquals("HTTP/1.1 200 OK", reader.readLine());
            }
            awaitMetric(service, "kinema_requests_total{outcome=\"gone\"} 1");
            awaitIdle(encoder);
            int sent = Integer.parseInt(get(service, "/metrics").replaceAll("(?s).*\nkinema_clips_total ([0-9]+)\n.*", "$1"));
            long all = encoder.plan().clipsIn(8);
            assertTrue(sent < all, sent + " of " + all + " clips");
        }
    }

    @Test
    void deadlinesEndFilmsInTheMiddleAndInTheQueue() throws Exception {
        MovieEncoderConfig one = slow().withServing(ServingConfig.DEFAULT.withRunning(1));
        try (MovieEncoder encoder = MovieEncoder.open(one);
                FilmService service = FilmService.start(encoder, options().withDeadline(Duration.ofMillis(300)))) {
            CountDownLatch goOn = new CountDownLatch(1);
            ExecutorService thread = Executors.newSingleThreadExecutor();
            Cancellation other = Cancellation.onRequest();
            Future<?> held = thread.submit(() -> encoder.encode(film, holding(goOn), other));
            while (encoder.load().running() == 0) {
                Thread.onSpinWait();
            }
            long begun = System.nanoTime();
            HttpResponse<String> queued = post(service, BodyPublishers.ofFile(film));
            checkInTime(begun);
            assertEquals(504, queued.statusCode(), queued.body());
            assertEquals("deadline", last(queued.body()).get("outcome").getAsString());
            goOn.countDown();
            other.cancel();
            assertThrows(ExecutionException.class, held::get);
            thread.shutdown();
        }
        // so many clips take longer than this on any machine, and the first one takes less on most
        try (MovieEncoder encoder = MovieEncoder.open(slow());
                FilmService service = FilmService.start(encoder, options().withDeadline(Duration.ofMillis(100)))) {
            long begun = System.nanoTime();
            assertEquals("deadline", last(post(service, BodyPublishers.ofFile(film)).body()).get("outcome").getAsString());
            checkInTime(begun);
        }
    }

    /** With deadlines of a fraction of a second: below the 5 s for which a decoder that hangs is waited for, which these films' do not. */
    private static void checkInTime(long begun) {
        double seconds = (System.nanoTime() - begun) / 1e9;
        assertTrue(seconds < 3, seconds + " s");
    }

    private static EncodingProgress holding(CountDownLatch goOn) {
        return (done, expected) -> {
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        };
    }

    @Test
    void aBusyServiceSaysSo() throws Exception {
        MovieEncoderConfig strict = slow().withServing(ServingConfig.DEFAULT.withRunning(1).withWaiting(0));
        try (MovieEncoder encoder = MovieEncoder.open(strict); FilmService service = FilmService.start(encoder, options())) {
            CompletableFuture<HttpResponse<InputStream>> first =
                client.sendAsync(request(service, "/films", BodyPublishers.ofFile(film)), BodyHandlers.ofInputStream());
            try (InputStream running = first.get().body()) {
                assertTrue(running.read() >= 0, "the first film is being encoded");
                HttpResponse<String> second = post(service, BodyPublishers.ofFile(film));
                assertEquals(503, second.statusCode());
                assertEquals(List.of("1"), second.headers().allValues("Retry-After"));
                get(service, "/health");
            }
            awaitIdle(encoder);
        }
    }

    @Test
    void closingTellsWhoIsWaiting() throws Exception {
        try (MovieEncoder encoder = MovieEncoder.open(slow())) {
            FilmService service = FilmService.start(encoder, options());
            CompletableFuture<HttpResponse<InputStream>> call =
                client.sendAsync(request(service, "/films", BodyPublishers.ofFile(film)), BodyHandlers.ofInputStream());
            try (InputStream body = call.get().body()) {
                assertTrue(body.read() >= 0);
                service.close();
                String rest = "{" + new String(body.readAllBytes(), StandardCharsets.UTF_8);
                assertEquals("stopped", last(rest).get("outcome").getAsString());
            }
            assertEquals(new EncoderLoad(0, 0), encoder.load());
            assertEquals(List.of(), Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("kinema-decode")).toList());
        }
    }
}
