package dev.kinema.run;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a run leaves on disk, in one folder that is its own:
 * <ul>
 * <li>{@code config.yaml}: its settings, all of them written out; the folder takes no run of other settings
 * <li>{@code environment.json}: where and how it was started, one entry for each start
 * <li>{@code log.jsonl}: see {@link StepLog}
 * <li>{@code checkpoints/}: see {@link Checkpoints}
 * <li>{@code events/}: see {@link EventFile}
 * <li>{@code report.html}: its curves
 * <li>{@code done.json}: there once it is complete
 * </ul>
 * Open, it is locked: one process at a time runs in it.
 */
public final class RunFolder implements AutoCloseable {
    private static final String CONFIG = "config.yaml";
    private static final String DONE = "done.json";
    private static final Gson JSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    private static final String REMEDY = "choose another run folder";

    private final Path path;
    private final FolderLock lock;

    private RunFolder(Path path, FolderLock lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Creates the folder, or opens it to go on.
     *
     * @param config the run's settings as text, every default written out
     * @param environment of this start
     * @throws KinemaException if another process runs in it, its settings are others, or it cannot be written
     */
    public static RunFolder open(Path path, String config, Environment environment) {
        create(path);
        RunFolder folder = new RunFolder(path, FolderLock.of(path, REMEDY));
        boolean opened = false;
        try {
            folder.keep(config);
            create(folder.checkpoints());
            create(folder.events());
            folder.append(environment);
            opened = true;
            return folder;
        } finally {
            if (!opened) {
                folder.close();
            }
        }
    }

    private static void create(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + folder + "' cannot be made (" + e + "): " + REMEDY, e);
        }
    }

    private void keep(String config) {
        Path file = path.resolve(CONFIG);
        if (Files.exists(file)) {
            requireSame(file, text(file), config);
        } else if (Files.exists(log()) || Checkpoints.latest(checkpoints()).isPresent()) {
            throw new KinemaException("'" + path + "' holds a run without its " + CONFIG + ": " + REMEDY + ", or delete this one");
        } else {
            AtomicFile.writeText(file, config);
        }
    }

    private static void requireSame(Path file, String saved, String given) {
        List<String> there = saved.lines().toList();
        List<String> here = given.lines().toList();
        for (int i = 0; i < Math.max(there.size(), here.size()); i++) {
            String old = line(there, i);
            String now = line(here, i);
            if (!old.equals(now)) {
                throw new KinemaException("the run in '" + file.getParent() + "' has other settings: line " + (i + 1) + " of its " + CONFIG
                    + " is '" + old + "', and now it is '" + now + "': " + REMEDY + ", or delete this one");
            }
        }
    }

    private static String line(List<String> lines, int i) {
        return i < lines.size() ? lines.get(i).stripTrailing() : "(nothing)";
    }

    private void append(Environment environment) {
        Path file = path.resolve("environment.json");
        JsonArray starts = new JsonArray();
        if (Files.exists(file)) {
            try {
                starts = JsonParser.parseString(text(file)).getAsJsonArray();
            } catch (JsonParseException | IllegalStateException e) {
                throw new KinemaException("'" + file + "' is no JSON array: remove it", e);
            }
        }
        starts.add(environment.toJson());
        AtomicFile.writeText(file, JSON.toJson(starts) + "\n");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new KinemaException("'" + file + "' cannot be read (" + e + "): check its permissions", e);
        }
    }

    public Path path() {
        return path;
    }

    /** The log, see {@link StepLog#read}; not there before the first step. */
    public Path log() {
        return path.resolve("log.jsonl");
    }

    /** The folder of the checkpoints. */
    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** The folder of the TensorBoard event files. */
    public Path events() {
        return path.resolve("events");
    }

    /** Where the report with the run's curves belongs. */
    public Path report() {
        return path.resolve("report.html");
    }

    /**
     * Says that the run is complete.
     *
     * @param facts what later readers need to know of it, such as hashes of its inputs and results
     */
    public void markDone(Map<String, String> facts) {
        JsonObject done = new JsonObject();
        facts.forEach(done::addProperty);
        AtomicFile.writeText(path.resolve(DONE), JSON.toJson(done) + "\n");
    }

    /**
     * The facts of a complete run; empty where it is not complete or there is none. Needs no lock.
     *
     * @throws KinemaException if the marker is no JSON object of texts
     */
    public static Optional<Map<String, String>> done(Path folder) {
        Path file = folder.resolve(DONE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Map<String, String> facts = new LinkedHashMap<>();
            JsonParser.parseString(text(file)).getAsJsonObject().asMap().forEach((key, value) -> facts.put(key, value.getAsString()));
            return Optional.of(facts);
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            throw new KinemaException("'" + file + "' is no JSON object of texts: remove it, and the run is looked at again", e);
        }
    }

    @Override
    public void close() {
        lock.close();
    }
}
