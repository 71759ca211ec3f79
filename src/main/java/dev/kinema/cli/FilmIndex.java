package dev.kinema.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.Version;
import dev.kinema.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code index.json} of an output folder: which films were encoded, how, and into which files. An entry is written when the film's
 * files are complete, so that an interrupted run can go on. One run at a time may write to a folder.
 */
final class FilmIndex {
    static final String FILE = "index.json";
    private static final int FORMAT = 1;

    private final Path folder;
    /** Entries by the film's path. */
    private final Map<String, JsonObject> films = new LinkedHashMap<>();

    private FilmIndex(Path folder) {
        this.folder = folder;
    }

    /** The index of a folder, empty where there is none. */
    static FilmIndex of(Path folder) {
        FilmIndex index = new FilmIndex(folder);
        Path file = folder.resolve(FILE);
        if (Files.exists(file)) {
            index.read(file);
        }
        return index;
    }

    private void read(Path file) {
        try {
            JsonObject all = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            if (all.get("format").getAsInt() != FORMAT) {
                throw new KinemaException(file + ": has the format " + all.get("format") + ", not " + FORMAT
                    + ": it is of another version of Kinema, choose another folder");
            }
            for (JsonElement entry : all.getAsJsonArray("films")) {
                JsonObject film = entry.getAsJsonObject();
                films.put(film.get("film").getAsString(), film);
                film.get("name").getAsString();
                film.getAsJsonObject("files").asMap().values().forEach(JsonElement::getAsString);
            }
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e.getMessage() + "): check its permissions", e);
        } catch (JsonParseException | IllegalStateException | ClassCastException | NullPointerException | UnsupportedOperationException
                | NumberFormatException e) {
            throw new KinemaException(file + ": is no index of Kinema's: remove it, or choose another folder with --out", e);
        }
    }

    /** The entry of a film that is done: same file, same settings, and all of {@code files} there. */
    Optional<JsonObject> done(Path film, JsonObject settings, Set<String> files) {
        JsonObject entry = films.get(film.toString());
        if (entry == null || !settings.equals(entry.get("settings")) || !identity(film).equals(entry.get("identity"))) {
            return Optional.empty();
        }
        JsonObject present = entry.getAsJsonObject("files");
        boolean complete = files.stream()
            .allMatch(f -> present.has(f) && Files.isRegularFile(folder.resolve(present.get(f).getAsString())));
        return complete ? Optional.of(entry) : Optional.empty();
    }

    /** Size and time of change: what tells that a film is still the same file. */
    static JsonObject identity(Path film) {
        JsonObject identity = new JsonObject();
        try {
            identity.addProperty("bytes", Files.size(film));
            identity.addProperty("modified", Files.getLastModifiedTime(film).toInstant().toString());
        } catch (IOException e) {
            // the film is gone, which opening it will say: it equals no entry
            return identity;
        }
        return identity;
    }

    /** The name of a film's files: its own without the ending, with a number where another film has that name. */
    String nameFor(Path film) {
        JsonObject entry = films.get(film.toString());
        if (entry != null) {
            return entry.get("name").getAsString();
        }
        Set<String> taken = new HashSet<>();
        films.values().forEach(f -> taken.add(f.get("name").getAsString().toLowerCase(Locale.ROOT)));
        String file = film.getFileName().toString();
        int dot = file.lastIndexOf('.');
        String name = dot > 0 ? file.substring(0, dot) : file;
        String free = name;
        // names that differ in case only are one file on some systems
        for (int i = 2; taken.contains(free.toLowerCase(Locale.ROOT)); i++) {
            free = name + "-" + i;
        }
        return free;
    }

    /** Adds or replaces a film's entry and writes the index; files of the entry before that it no longer has are removed. */
    void put(Path film, JsonObject entry) {
        JsonObject before = films.put(film.toString(), entry);
        JsonObject all = new JsonObject();
        all.addProperty("format", FORMAT);
        all.addProperty("writer", "kinema " + Version.CURRENT);
        JsonArray entries = new JsonArray();
        films.values().forEach(entries::add);
        all.add("films", entries);
        AtomicFile.writeText(folder.resolve(FILE),
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(all) + "\n");
        if (before != null) {
            removeStale(before.getAsJsonObject("files"), entry.getAsJsonObject("files"));
        }
    }

    private void removeStale(JsonObject before, JsonObject now) {
        for (JsonElement file : before.asMap().values()) {
            if (!now.asMap().containsValue(file)) {
                Path stale = folder.resolve(file.getAsString());
                try {
                    Files.deleteIfExists(stale);
                } catch (IOException e) {
                    throw new KinemaException(stale + ": is left from an earlier run with other settings and cannot be removed ("
                        + e.getMessage() + "): remove it", e);
                }
            }
        }
    }
}
