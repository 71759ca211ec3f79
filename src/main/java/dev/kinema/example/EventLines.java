package dev.kinema.example;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import dev.kinema.embed.ClipFeature;
import dev.kinema.embed.MovieFeatures;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** The answer to a film: JSON objects, one in a line, each sent as soon as it is known. The first one decides that the status is 200. */
final class EventLines {
    private static final String TYPE = "application/x-ndjson";

    private final HttpExchange exchange;
    private final RequestTime time;
    private OutputStream body;

    EventLines(HttpExchange exchange, RequestTime time) {
        this.exchange = exchange;
        this.time = time;
    }

    /** Whether a line was sent, after which no other status can be. */
    boolean hasBegun() {
        return body != null;
    }

    void clip(ClipFeature clip) throws ClientGoneException {
        JsonObject line = new JsonObject();
        line.addProperty("clip", clip.index());
        line.addProperty("start", clip.start());
        line.addProperty("end", clip.end());
        line.add("feature", numbers(clip.values()));
        send(line);
    }

    void event(MovieFeatures film, int k) throws ClientGoneException {
        JsonObject line = new JsonObject();
        line.addProperty("event", k);
        line.addProperty("start", film.start(k));
        line.addProperty("end", film.end(k));
        line.add("values", numbers(film.event(k)));
        send(line);
    }

    /** The last line of a film that was encoded. */
    void done(MovieFeatures film) throws ClientGoneException {
        JsonObject line = new JsonObject();
        line.addProperty("done", true);
        line.addProperty("clips", film.clips());
        line.addProperty("damage", film.damage().describe());
        send(line);
    }

    /** The last line of a film that was not. */
    void error(Outcome outcome, String message) throws ClientGoneException {
        send(error(outcome.label(), message));
    }

    static JsonObject error(String outcome, String message) {
        JsonObject line = new JsonObject();
        line.addProperty("error", message);
        line.addProperty("outcome", outcome);
        return line;
    }

    private static JsonArray numbers(float[] values) {
        JsonArray array = new JsonArray(values.length);
        for (float value : values) {
            if (!Float.isFinite(value)) {
                // JSON has no such numbers, and no client is to have half of them
                throw new IllegalStateException("the encoder makes numbers that are not finite: its weights are damaged or overflow, try"
                    + " PrecisionChoice.FP32 or other weights");
            }
            array.add(value);
        }
        return array;
    }

    private void send(JsonObject line) throws ClientGoneException {
        time.waiting();
        try {
            if (body == null) {
                exchange.getResponseHeaders().set("Content-Type", TYPE);
                exchange.sendResponseHeaders(200, 0);
                body = exchange.getResponseBody();
            }
            body.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            body.flush();
        } catch (IOException e) {
            throw new ClientGoneException(e);
        } finally {
            time.moved();
        }
    }
}
