package dev.kinema.run;

import dev.kinema.KinemaException;
import dev.kinema.Version;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far a run is, as a checkpoint's metadata holds it.
 *
 * @param step steps done, which is the number of the next one
 * @param seconds spent on the run, over all its starts
 * @param logBytes length of the log after those steps; what follows is of steps that are to be done again
 * @param position of the training, see {@link Training#position}
 */
record RunState(long step, double seconds, long logBytes, Map<String, String> position) {
    static final RunState START = new RunState(0, 0, 0, Map.of());

    private static final String FORMAT_KEY = "run.format";
    private static final String FORMAT = "1";
    private static final String POSITION = "position.";

    /** Whether a file's metadata is that of a checkpoint of a run, of whatever format. */
    static boolean isPresent(Map<String, String> metadata) {
        return metadata.containsKey(FORMAT_KEY);
    }

    Map<String, String> toMetadata() {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(FORMAT_KEY, FORMAT);
        metadata.put("run.version", Version.CURRENT);
        metadata.put("run.step", Long.toString(step));
        metadata.put("run.seconds", Double.toString(seconds));
        metadata.put("run.log_bytes", Long.toString(logBytes));
        position.forEach((key, value) -> metadata.put(POSITION + key, value));
        return metadata;
    }

    /** @throws KinemaException if the format is another one, or a number is missing or malformed */
    static RunState of(Path file, Map<String, String> metadata) {
        if (!FORMAT.equals(metadata.get(FORMAT_KEY))) {
            throw new KinemaException(file + ": is a checkpoint of format '" + metadata.get(FORMAT_KEY) + "', not " + FORMAT
                + ": it was written by another Kinema (" + metadata.get("run.version") + "), go on with that one");
        }
        Map<String, String> position = new LinkedHashMap<>();
        metadata.forEach((key, value) -> {
            if (key.startsWith(POSITION)) {
                position.put(key.substring(POSITION.length()), value);
            }
        });
        try {
            return new RunState(Long.parseLong(metadata.get("run.step")), Double.parseDouble(String.valueOf(metadata.get("run.seconds"))),
                Long.parseLong(metadata.get("run.log_bytes")), position);
        } catch (NumberFormatException e) {
            throw new KinemaException(file + ": its metadata lacks the step, the seconds or the length of the log, or one is no number ("
                + e.getMessage() + "): remove the file, the run then goes on from the one before", e);
        }
    }
}
