package dev.kinema.run;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The folder of a stage of a schedule. What was made with other settings or inputs is kept under another name: nothing that took days to
 * make is written over.
 *
 * @param note is told where it is kept
 */
public record StageFolder(Path path, Consumer<String> note) {
    /** The file of the settings that the stage was made with. */
    public static final String SETTINGS = "config.yaml";

    private static final String WEIGHTS = "weights.safetensors";
    private static final String WEIGHTS_SHA256 = "weights_sha256";
    private static final String REMEDY = "choose another folder with --out";

    /** The stage's result, of a training. */
    public Path weights() {
        return path.resolve(WEIGHTS);
    }

    /** Whether a training is done, and its weights are those that it left. */
    public boolean isTrained() {
        Optional<Map<String, String>> done = RunFolder.done(path);
        return done.isPresent() && Files.isRegularFile(weights()) && Sha256.of(weights()).equals(done.get().get(WEIGHTS_SHA256));
    }

    /** What a finished training is remembered by. */
    public Map<String, String> facts(long steps, Path checkpoint, double seconds) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put(WEIGHTS_SHA256, Sha256.of(weights()));
        facts.put("checkpoint", checkpoint.getFileName().toString());
        facts.put("steps", Long.toString(steps));
        facts.put("seconds", Double.toString(seconds));
        return facts;
    }

    /**
     * The settings that a stage is held against, as the text of its {@code config.yaml}.
     *
     * @param inputs what else decides what it makes, such as digests of what it starts from
     * @param settings YAML
     */
    public static String text(Map<String, String> inputs, String settings) {
        StringBuilder text = new StringBuilder("inputs:\n");
        inputs.forEach((key, value) -> text.append("  ").append(key).append(": ").append(value).append('\n'));
        return text.append(settings).toString();
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

    /** Keeps other processes out of it. */
    public FolderLock lock() {
        return FolderLock.of(path, REMEDY);
    }

    /** Makes the folder, if it is not there. */
    public void create() {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + path + "' cannot be made (" + e + "): " + REMEDY, e);
        }
    }
}
