package dev.kinema.benchmarks.serving;

import dev.kinema.embed.MovieEncoder;
import dev.kinema.example.FilmService;
import dev.kinema.example.ServiceOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** 64 clients at once, each with a film, of the example's service over HTTP: each has all of its film's lines, whoever waits meanwhile. */
final class ServiceBurst {
    private static final int OK = 200;

    private ServiceBurst() {}

    /** @return what came of it, as a sentence; throws where a client has another answer than a film that is alone */
    static String run(MovieEncoder encoder, Path film, int clients) throws IOException, InterruptedException {
        try (FilmService service = FilmService.start(encoder, ServiceOptions.at(0).withConnections(clients + 1))) {
            URI films = service.address().resolve("/films");
            HttpClient client = HttpClient.newHttpClient();
            HttpRequest request = HttpRequest.newBuilder(films).POST(HttpRequest.BodyPublishers.ofFile(film)).build();
            String alone = lines(client.send(request, HttpResponse.BodyHandlers.ofString()));
            long begun = System.nanoTime();
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                answers.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
            }
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                if (!lines(answer.join()).equals(alone)) {
                    throw new IllegalStateException("a film has another answer among " + clients + " than alone: " + answer.join().body());
                }
            }
            return String.format(Locale.ROOT, "%d clients of the service at once: each had all %d lines, the last after %.1f s", clients,
                alone.lines().count(), (System.nanoTime() - begun) * 1e-9);
        }
    }

    private static String lines(HttpResponse<String> answer) {
        if (answer.statusCode() != OK || !answer.body().contains("\"done\":true")) {
            throw new IllegalStateException("status " + answer.statusCode() + ": " + answer.body());
        }
        return answer.body();
    }
}
