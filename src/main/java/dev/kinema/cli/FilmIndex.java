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
import dev.kinema.data.FilmIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * {@code index.json} of an output folder: which films were encoded, how, and into which files. A film's entry says which files are its
 * own before they are written, and how they were made once they are complete, so that an interrupted run can go on and nothing that is
 * somebody else's is overwritten. One run at a time writes to a folder, which {@link dev.kinema.run.FolderLock} sees to.
 */
final class FilmIndex {
    static final String FILE = "index.json";
    private static final int FORMAT = 1;
    /** Of the 255 that file systems allow, for there come a number and an ending. */
    private static final int LONGEST_NAME_BYTES = 220;

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
                check(file, film);
            }
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e.getMessage() + "): check its permissions", e);
        } catch (JsonParseException | IllegalStateException | ClassCastException | NullPointerException | UnsupportedOperationException
                | IllegalArgumentException e) {
            throw new KinemaException(file + ": is no index of Kinema's: remove it, or choose another folder with --out", e);
        }
    }

    /** The files of an entry are removed and written again: they must be the folder's own, and bear the entry's name. */
    private static void check(Path file, JsonObject film) {
        String name = film.get("name").getAsString();
        List<String> all = new ArrayList<>(List.of(name));
        film.getAsJsonObject("files").asMap().values().forEach(f -> all.add(f.getAsString()));
        for (String each : all) {
            Path path = Path.of(each).getFileName();
            boolean single = path != null && path.toString().equals(each) && !each.isEmpty();
            if (!single || !each.equals(name) && (!each.startsWith(name + ".") || each.equals(".."))) {
                throw new KinemaException(file + ": names '" + each + "', which is no file of '" + name + "' in its folder: remove the index, "
                    + "or choose another folder with --out");
            }
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
        return complete && sizes(entry).equals(entry.get("file_bytes")) ? Optional.of(entry) : Optional.empty();
    }

    /** Bytes of each file of an entry that is there: a file that was cut off since is not done. */
    private JsonObject sizes(JsonObject entry) {
        JsonObject sizes = new JsonObject();
        entry.getAsJsonObject("files").asMap().forEach((what, file) -> {
            Path path = folder.resolve(file.getAsString());
            try {
                if (Files.isRegularFile(path)) {
                    sizes.addProperty(what, Long.toString(Files.size(path)));
                }
            } catch (IOException e) {
                throw new KinemaException("'" + path + "' cannot be looked at (" + e.getMessage() + "): check the folder", e);
            }
        });
        return sizes;
    }

    /** Size and time of change: what tells that a film is still the same file. */
    static JsonObject identity(Path film) {
        JsonObject identity = new JsonObject();
        // where the film is gone, which opening it will say, it equals no entry
        FilmIdentity.of(film).ifPresent(found -> {
            identity.addProperty("bytes", found.bytes());
            identity.addProperty("modified", found.modified().toString());
        });
        return identity;
    }

    /**
     * The name of a film's files: its own without the ending, with a number where another film has that name or where files that the index
     * does not know are in the way.
     *
     * @param film the key of its entry
     * @param given the path it was named by
     * @param files what is to be written under a name
     */
    String nameFor(Path film, Path given, Function<String, Collection<String>> files) {
        JsonObject entry = films.get(film.toString());
        Set<String> own = known(film);
        String name = entry == null ? stem(given) : entry.get("name").getAsString();
        Set<String> taken = new HashSet<>();
        films.values().stream().filter(f -> f != entry).forEach(f -> taken.add(f.get("name").getAsString().toLowerCase(Locale.ROOT)));
        String free = name;
        // names that differ in case only are one file on some systems
        for (int i = 2; taken.contains(free.toLowerCase(Locale.ROOT)) || isForeign(files.apply(free), own); i++) {
            free = name + "-" + i;
        }
        return free;
    }

    /** The name a film would have if nothing were in the way; cut where endings would make it longer than file systems allow. */
    static String stem(Path film) {
        String file = film.getFileName().toString();
        int dot = file.lastIndexOf('.');
        String stem = dot > 0 ? file.substring(0, dot) : file;
        while (stem.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME_BYTES) {
            stem = stem.substring(0, stem.offsetByCodePoints(stem.length(), -1));
        }
        return stem;
    }

    /** Names of the files that a film's entry holds. */
    Set<String> known(Path film) {
        Set<String> known = new HashSet<>();
        JsonObject entry = films.get(film.toString());
        if (entry != null) {
            entry.getAsJsonObject("files").asMap().values().forEach(f -> known.add(f.getAsString()));
        }
        return known;
    }

    /** Whether an output is a file that is read. */
    static boolean isSame(Path output, Path input) {
        try {
            return Files.exists(output) && Files.exists(input) && Files.isSameFile(output, input);
        } catch (IOException e) {
            throw new KinemaException("cannot tell whether '" + output + "' is '" + input + "' (" + e + "): choose another folder with --out",
                e);
        }
    }

    private boolean isForeign(Collection<String> files, Set<String> own) {
        return files.stream().anyMatch(f -> !own.contains(f) && Files.exists(folder.resolve(f), LinkOption.NOFOLLOW_LINKS));
    }

    /**
     * Notes whose files are about to be written, so that what an interruption leaves of them is known to be the film's, and not taken for
     * done.
     */
    void claim(Path film, String name, Map<String, String> files) {
        JsonObject claim = new JsonObject();
        claim.addProperty("film", film.toString());
        claim.addProperty("name", name);
        claim.addProperty("complete", false);
        JsonObject names = new JsonObject();
        files.forEach(names::addProperty);
        // files of the entry before that are not written again are still to be removed
        int left = 0;
        for (String file : known(film)) {
            if (!files.containsValue(file)) {
                names.addProperty("left_" + left++, file);
            }
        }
        claim.add("files", names);
        films.put(film.toString(), claim);
        writeIndex();
    }

    /** Adds or replaces a film's entry and writes the index; files of the entry before that it no longer has are removed. */
    void put(Path film, JsonObject entry) {
        entry.add("file_bytes", sizes(entry));
        JsonObject before = films.put(film.toString(), entry);
        writeIndex();
        if (before != null) {
            removeStale(before.getAsJsonObject("files"), entry.getAsJsonObject("files"));
        }
    }

    private void writeIndex() {
        JsonObject all = new JsonObject();
        all.addProperty("format", FORMAT);
        all.addProperty("writer", "kinema " + Version.CURRENT);
        JsonArray entries = new JsonArray();
        films.values().forEach(entries::add);
        all.add("films", entries);
        AtomicFile.writeText(folder.resolve(FILE),
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(all) + "\n");
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
