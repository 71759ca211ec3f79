package dev.kinema.data;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code index.jsonl}: what became of each film, one JSON object a line. Lines are only ever appended, and a film's last one counts. A last
 * line without its end was being written when a run was killed: it does not count, and the next writer cuts it off.
 */
final class FeatureIndex {
    static final String FILE = "index.jsonl";
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
    private static final String REMEDY = "the index is damaged, extract to another folder";

    /** By the film's id. */
    final Map<String, FeatureEntry> entries = new LinkedHashMap<>();
    final Map<String, FeatureFailure> failures = new LinkedHashMap<>();
    private long bytes;

    private FeatureIndex() {
    }

    /** The index of a folder; empty where there is none. */
    static FeatureIndex read(Path folder) {
        FeatureIndex index = new FeatureIndex();
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return index;
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            int number = 0;
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b != '\n') {
                    line.write(b);
                    continue;
                }
                number++;
                index.add(file + " line " + number, line.toString(StandardCharsets.UTF_8));
                index.bytes += line.size() + 1;
                line.reset();
            }
            return index;
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e.getMessage() + "): check the file and its disk", e);
        }
    }

    /** Bytes of the lines that count: after these the next one is appended. */
    long bytes() {
        return bytes;
    }

    private void add(String source, String line) {
        JsonFields json = JsonFields.parse(source, REMEDY, line);
        try {
            Film film = new Film(json.text("id"), Path.of(json.text("path")), json.has("label") ? json.size("label") : Film.NO_LABEL);
            if (json.has("failed")) {
                put(new FeatureFailure(film, json.text("failed")));
                return;
            }
            String file = json.text("file");
            if (!FeatureFile.isName(file)) {
                throw json.refused("names the file '" + file + "', which is none of a feature store's");
            }
            FilmIdentity identity = new FilmIdentity(json.count("film_bytes"), Instant.parse(json.text("film_modified")));
            put(new FeatureEntry(film, identity, file, json.size("clips"), json.count("bytes"), json.text("crc32c"),
                json.has("damage") ? json.text("damage") : ""));
        } catch (InvalidPathException | DateTimeParseException e) {
            throw json.refused("has a path or a time that is none (" + e.getMessage() + ")");
        }
    }

    void put(FeatureEntry entry) {
        failures.remove(entry.id());
        entries.put(entry.id(), entry);
    }

    void put(FeatureFailure failure) {
        entries.remove(failure.film().id());
        failures.put(failure.film().id(), failure);
    }

    /** The line of a film that is done. */
    static String line(FeatureEntry entry) {
        JsonObject json = film(entry.film());
        json.addProperty("file", entry.file());
        json.addProperty("clips", entry.clips());
        json.addProperty("bytes", entry.bytes());
        json.addProperty("crc32c", entry.checksum());
        json.addProperty("film_bytes", entry.identity().bytes());
        json.addProperty("film_modified", entry.identity().modified().toString());
        if (!entry.damage().isEmpty()) {
            json.addProperty("damage", entry.damage());
        }
        return GSON.toJson(json) + "\n";
    }

    /** The line of a film that failed. */
    static String line(FeatureFailure failure) {
        JsonObject json = film(failure.film());
        json.addProperty("failed", failure.reason());
        return GSON.toJson(json) + "\n";
    }

    private static JsonObject film(Film film) {
        JsonObject json = new JsonObject();
        json.addProperty("id", film.id());
        json.addProperty("path", film.path().toString());
        if (film.isLabelled()) {
            json.addProperty("label", film.label());
        }
        return json;
    }
}
