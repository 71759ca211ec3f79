package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.run.FolderLock;
import dev.kinema.run.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The folder of a stage of the schedule. What was made with other settings or inputs is kept under another name: nothing that took days to
 * make is written over.
 *
 * @param note is told where it is kept
 */
public record StageFolder(Path path, Consumer<String> note) {
    /** The settings that the stage was made with. */
    public static final String SETTINGS = "config.yaml";

    private static final String WEIGHTS = "weights.safetensors";
    private static final String WEIGHTS_SHA256 = "weights_sha256";
    private static final String REMEDY = "choose another folder with --out";

    /** The stage's result, of a training. */
    Path weights() {
        return path.resolve(WEIGHTS);
    }

    /** Whether a training is done, and its weights are those that it left. */
    boolean isTrained() {
        Optional<Map<String, String>> done = RunFolder.done(path);
        return done.isPresent() && Files.isRegularFile(weights()) && Sha256.of(weights()).equals(done.get().get(WEIGHTS_SHA256));
    }

    /** What a finished training is remembered by. */
    Map<String, String> facts(long steps, Path checkpoint, double seconds) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put(WEIGHTS_SHA256, Sha256.of(weights()));
        facts.put("checkpoint", checkpoint.getFileName().toString());
        facts.put("steps", Long.toString(steps));
        facts.put("seconds", Double.toString(seconds));
        return facts;
    }

    /** Makes the folder free for a training of these settings, if one of others is in it. */
    public void free(String settings) {
        Path saved = path.resolve(SETTINGS);
        try {
            if (Files.exists(saved) && !Files.readString(saved).equals(settings)) {
                setAside(firstDifference(Files.readString(saved), settings));
            }
        } catch (IOException e) {
            throw new KinemaException("'" + saved + "' cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
    }

    private static String firstDifference(String before, String now) {
        List<String> old = before.lines().toList();
        List<String> lines = now.lines().toList();
        for (int i = 0; i < Math.min(old.size(), lines.size()); i++) {
            if (!old.get(i).equals(lines.get(i))) {
                return "'" + old.get(i).strip() + "' is now '" + lines.get(i).strip() + "'";
            }
        }
        return old.size() + " lines of settings are now " + lines.size();
    }

    /** Renames the folder. */
    public void setAside(String why) {
        Path aside = path;
        for (int i = 1; Files.exists(aside); i++) {
            aside = path.resolveSibling(path.getFileName() + "." + i);
        }
        try (FolderLock lock = lock()) {
            Files.move(path, aside);
            note.accept(path + " was made with other settings or inputs (" + why + "): it is kept as " + aside);
        } catch (IOException e) {
            throw new KinemaException("'" + path + "' was made with other settings and cannot be renamed (" + e.getMessage()
                + "): move it away", e);
        }
    }

    /** Keeps other writers away. */
    public FolderLock lock() {
        return FolderLock.of(path, REMEDY);
    }

    /** Makes the folder where it is not there. */
    public void create() {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + path + "' cannot be made (" + e + "): " + REMEDY, e);
        }
    }
}
