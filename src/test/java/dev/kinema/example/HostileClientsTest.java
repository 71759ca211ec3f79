package dev.kinema.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.embed.EncoderLoad;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.embed.ServingConfig;
import dev.kinema.embed.TinyNetwork;
import dev.kinema.video.EventFilm;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that send too slowly, do not read, or are too many, and faults that are not theirs. */
@Timeout(60)
class HostileClientsTest {
    /** The JDK's logger behind System.Logger; held here, as it is collected otherwise. */
    private static final Logger LOGGER = Logger.getLogger(FilmService.class.getName());

    @TempDir
    static Path folder;
    private static Path film;
    private static MovieEncoderConfig config;

    @TempDir
    private Path uploads;
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<String> logged = Collections.synchronizedList(new ArrayList<>());
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord record) {
            logged.add(record.getLevel() + " " + record.getMessage() + " " + record.getThrown());
        }

        @Override
        public void flush() {
        }

        @Override
        public void close() {
        }
    };

    @BeforeAll
    static void make() {
        film = folder.resolve("film.mp4");
        EventFilm.of(4, List.of(1, 5, 2, 7), EventFilm.Format.SMALL).write(film);
        config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32);
    }

    @BeforeEach
    void listenToTheLog() {
        LOGGER.setUseParentHandlers(false);
        LOGGER.addHandler(handler);
    }

    @AfterEach
    void noUploadIsLeft() throws IOException {
        LOGGER.removeHandler(handler);
        LOGGER.setUseParentHandlers(true);
        if (Files.exists(uploads)) {
            try (Stream<Path> files = Files.list(uploads)) {
                assertEquals(List.of(), files.toList());
            }
        }
    }

    private long uploadsBegun() throws IOException {
        try (Stream<Path> files = Files.list(uploads)) {
            return files.count();
        }
    }

    private ServiceOptions options() {
        return ServiceOptions.at(0).withUploads(uploads);
    }

    private HttpResponse<String> post(FilmService service) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(service.address().resolve("/films")).POST(BodyPublishers.ofFile(film)).build(),
            BodyHandlers.ofString());
    }

    private String get(FilmService service, String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(service.address().resolve(path)).timeout(Duration.ofSeconds(10)).build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        assertEquals(200, response.statusCode(), response.body());
        return response.body();
    }

    private void awaitRequests(FilmService service, Outcome outcome, int count) throws IOException, InterruptedException {
        while (!get(service, "/metrics").contains("kinema_requests_total{outcome=\"" + outcome.label() + "\"} " + count + "\n")) {
            Thread.sleep(5);
        }
    }

    private static JsonObject last(String body) {
        List<String> lines = body.lines().toList();
        return JsonParser.parseString(lines.get(lines.size() - 1)).getAsJsonObject();
    }

    /** With as many callers as there are places, and a contextualizer: events do not stand in line behind other films. */
    @Test
    void aFilmThatHasBegunIsNotBusyAtItsEnd() throws Exception {
        int clients = 8;
        MovieEncoderConfig narrow = config.withContextualizer(TinyNetwork.contextualizer(folder))
            .withServing(ServingConfig.DEFAULT.withRunning(1).withWaiting(1));
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try (MovieEncoder encoder = MovieEncoder.open(narrow); FilmService service = FilmService.start(encoder, options())) {
            AtomicInteger whole = new AtomicInteger();
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                calls.add(threads.submit(() -> {
                    for (int k = 0; k < 4; k++) {
                        HttpResponse<String> response = post(service);
                        if (response.statusCode() == 200) {
                            assertEquals("[done, clips, damage]", last(response.body()).keySet().toString());
                            whole.incrementAndGet();
                        } else {
                            assertEquals(503, response.statusCode());
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> call : calls) {
                call.get();
            }
            assertTrue(whole.get() >= 2, whole + " films");
        } finally {
            threads.shutdownNow();
        }
    }

    /** In the one place that the encoder has; a client that takes nothing is cut off, whichever time is over first. */
    @ParameterizedTest
    @CsvSource({"1000, 30000, STALLED", "30000, 4000, DEADLINE"})
    void whoDoesNotReadGivesUpItsPlace(int stall, int deadline, Outcome outcome) throws Exception {
        // a line is 1,600 bytes: thousands of lines, more than buffers hold
        Path longer = folder.resolve("longer.mp4");
        EventFilm.of(4, IntStream.range(0, 40).mapToObj(i -> i % 8).toList(), EventFilm.Format.SMALL).write(longer);
        MovieEncoderConfig one = config.withHop(0.01).withServing(ServingConfig.DEFAULT.withRunning(1));
        try (MovieEncoder encoder = MovieEncoder.open(one); FilmService service = FilmService.start(encoder,
                options().withStall(Duration.ofMillis(stall)).withDeadline(Duration.ofMillis(deadline)));
                Socket socket = new FilmSocket(service, Files.size(longer))) {
            Files.copy(longer, socket.getOutputStream());
            awaitRequests(service, outcome, 1);
            assertEquals(new EncoderLoad(0, 0), encoder.load());
            assertFalse(get(service, "/metrics").contains("kinema_clips_total " + encoder.plan().clipsIn(80)), "it has read all");
        }
    }

    @Test
    void theUploadIsBoundedByTheDeadline() throws Exception {
        try (MovieEncoder encoder = MovieEncoder.open(config);
                FilmService service = FilmService.start(encoder, options().withDeadline(Duration.ofMillis(500)))) {
            try (FilmSocket slow = new FilmSocket(service, 1000)) {
                for (int i = 0; i < 1000 && slow.getInputStream().available() == 0; i++) {
                    slow.getOutputStream().write('x');
                    Thread.sleep(50);
                }
                assertEquals(504, slow.answer().status(), "it is told");
            }
            try (Socket silent = new FilmSocket(service, 1000)) {
                assertTrue(isCut(silent), "there is nobody who could be told");
            }
            awaitRequests(service, Outcome.DEADLINE, 2);
        }
    }

    /** Waits for the end of a connection. */
    private static boolean isCut(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true;
        }
    }

    @Test
    void whoSendsNothingTakesNoThreadFromHealth() throws Exception {
        int films = 8;
        List<Socket> silent = new ArrayList<>();
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            FilmService service = FilmService.start(encoder, options().withConnections(films));
            for (int i = 0; i < films; i++) {
                silent.add(new FilmSocket(service, 1000));
                silent.get(i).getOutputStream().write('x');
            }
            // one that came before them would take the place of one of them
            while (uploadsBegun() < films) {
                Thread.sleep(5);
            }
            HttpResponse<String> busy = post(service);
            assertEquals(503, busy.statusCode(), busy.body());
            assertTrue(last(busy.body()).get("error").getAsString().contains("8 films"), busy.body());
            assertEquals("ok", last(get(service, "/health")).get("status").getAsString());
            long begun = System.nanoTime();
            service.close();
            double seconds = (System.nanoTime() - begun) / 1e9;
            // half a second for clients that may yet move; more only where the machine is very busy
            assertTrue(seconds < 5, "closing took " + seconds + " s");
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    @Test
    void whatTheServiceCannotKeepIsNotItsClientsFault() throws Exception {
        try (MovieEncoder encoder = MovieEncoder.open(config); FilmService service = FilmService.start(encoder, options())) {
            Files.delete(uploads);
            HttpResponse<String> response = post(service);
            assertEquals(507, response.statusCode(), response.body());
            assertFalse(response.body().contains(uploads.toString()), response.body());
            awaitRequests(service, Outcome.STORAGE, 1);
            assertEquals(1, logged.size(), logged::toString);
            assertTrue(logged.get(0).startsWith("SEVERE a film could not be kept in " + uploads), logged::toString);
            Files.createDirectory(uploads);
            assertEquals(200, post(service).statusCode(), "the service goes on");
        }
    }

    /** Lines are JSON, or there are none. */
    @Test
    void numbersThatAreNoneAreTheServicesFault() throws Exception {
        Path weights = TinyNetwork.backbone(folder);
        Map<String, HostArray> tensors = new LinkedHashMap<>(CheckpointImport.read(weights).tensors());
        // an infinity passes through ReLU
        tensors.get("s5.pathway0_res1.branch2.c_bn.bias").set(3, Double.POSITIVE_INFINITY);
        Path damaged = folder.resolve("damaged.safetensors");
        Safetensors.write(damaged, tensors, CheckpointImport.read(weights).metadata());
        MovieEncoderConfig broken = MovieEncoderConfig.of(damaged).withDevice("cpu", 1).withPrecision(PrecisionChoice.FP32);
        try (MovieEncoder encoder = MovieEncoder.open(broken); FilmService service = FilmService.start(encoder, options())) {
            HttpResponse<String> response = post(service);
            assertEquals(500, response.statusCode(), response.body());
            assertEquals("failed", last(response.body()).get("outcome").getAsString());
            awaitRequests(service, Outcome.FAILED, 1);
            assertEquals(1, logged.size(), logged::toString);
            assertTrue(logged.get(0).contains("not finite"), logged::toString);
        }
    }
}
