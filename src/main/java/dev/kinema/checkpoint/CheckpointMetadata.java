package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What Kinema writes beside the weights of a model, in the metadata of a safetensors file, so that a file says what it is.
 *
 * @param model the model's configuration, a JSON object as text
 * @param clipFrames frames of one clip, as the T of [N, T, H, W, 3]
 * @param frameInterval frames of the film from one frame of a clip to the next, at 30 frames a second
 * @param hopSeconds seconds from the start of one clip to the start of the next
 * @param seed seed of the run that made the weights; empty where none did or it is not known
 * @param step optimizer steps done; empty where it is not known
 * @param epoch passes over the training data done; empty where it is not known
 * @param version version of Kinema that wrote it
 */
public record CheckpointMetadata(String model, int clipFrames, int frameInterval, double hopSeconds, OptionalLong seed,
        OptionalLong step, OptionalLong epoch, String version) {
    private static final String PREFIX = "kinema.";
    private static final Set<String> KEYS =
            Set.of("model", "clip_frames", "frame_interval", "hop_seconds", "seed", "step", "epoch", "version");

    /** With a known seed and step, and no epoch. */
    public CheckpointMetadata(String model, int clipFrames, int frameInterval, double hopSeconds, long seed, long step,
            String version) {
        this(model, clipFrames, frameInterval, hopSeconds, OptionalLong.of(seed), OptionalLong.of(step), OptionalLong.empty(),
                version);
    }

    /** Checks the ranges. */
    public CheckpointMetadata {
        require(model != null && model.startsWith("{"), "model", model, "a JSON object");
        require(clipFrames > 0, "clip_frames", clipFrames, "at least 1");
        require(frameInterval > 0, "frame_interval", frameInterval, "at least 1");
        require(hopSeconds > 0 && hopSeconds < Double.POSITIVE_INFINITY, "hop_seconds", hopSeconds, "above 0");
        require(step.orElse(0) >= 0, "step", step.orElse(0), "at least 0");
        require(epoch.orElse(0) >= 0, "epoch", epoch.orElse(0), "at least 0");
        require(version != null && !version.isBlank(), "version", version, "given");
    }

    private static void require(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw new KinemaException("checkpoint metadata " + PREFIX + key + " is " + Quoted.of(String.valueOf(value))
                    + ": it must be " + rule);
        }
    }

    /** As text pairs for {@link Safetensors#write}; what is empty is left out. */
    public Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        map.put(PREFIX + "version", version);
        map.put(PREFIX + "model", model);
        map.put(PREFIX + "clip_frames", Integer.toString(clipFrames));
        map.put(PREFIX + "frame_interval", Integer.toString(frameInterval));
        map.put(PREFIX + "hop_seconds", Double.toString(hopSeconds));
        seed.ifPresent(n -> map.put(PREFIX + "seed", Long.toString(n)));
        step.ifPresent(n -> map.put(PREFIX + "step", Long.toString(n)));
        epoch.ifPresent(n -> map.put(PREFIX + "epoch", Long.toString(n)));
        return map;
    }

    /** Whether a file's metadata has entries of Kinema's: false for files of other software. */
    public static boolean isPresent(Map<String, String> metadata) {
        return metadata.keySet().stream().anyMatch(k -> k.startsWith(PREFIX));
    }

    /**
     * From the metadata of a file; entries of other software are passed over.
     *
     * @param source what to name in errors: the file
     * @throws KinemaException if an entry other than seed, step and epoch is missing, or one is malformed, out of range, or of a newer Kinema
     */
    public static CheckpointMetadata of(Object source, Map<String, String> metadata) {
        for (String key : metadata.keySet()) {
            if (key.startsWith(PREFIX) && !KEYS.contains(key.substring(PREFIX.length()))) {
                throw new KinemaException(source + ": has the unknown metadata " + Quoted.of(key)
                        + ": it was written by a newer Kinema, update this one");
            }
        }
        Entries entries = new Entries(source, metadata);
        String model = entries.text("model");
        int clipFrames = entries.count("clip_frames");
        int frameInterval = entries.count("frame_interval");
        double hopSeconds = entries.real("hop_seconds");
        OptionalLong seed = entries.optional("seed");
        OptionalLong step = entries.optional("step");
        OptionalLong epoch = entries.optional("epoch");
        String version = entries.text("version");
        try {
            return new CheckpointMetadata(model, clipFrames, frameInterval, hopSeconds, seed, step, epoch, version);
        } catch (KinemaException e) {
            throw new KinemaException(source + ": " + e.getMessage(), e);
        }
    }

    private record Entries(Object source, Map<String, String> metadata) {
        String text(String key) {
            String value = metadata.get(PREFIX + key);
            if (value == null) {
                throw new KinemaException(source + ": lacks the metadata " + PREFIX + key
                        + ": it is no checkpoint of Kinema's, import it first");
            }
            return value;
        }

        long integer(String key) {
            try {
                return Long.parseLong(text(key));
            } catch (NumberFormatException e) {
                throw malformed(key, "an integer", e);
            }
        }

        OptionalLong optional(String key) {
            return metadata.containsKey(PREFIX + key) ? OptionalLong.of(integer(key)) : OptionalLong.empty();
        }

        int count(String key) {
            long value = integer(key);
            if (value != (int) value) {
                throw malformed(key, "a number of frames", null);
            }
            return (int) value;
        }

        double real(String key) {
            try {
                return Double.parseDouble(text(key));
            } catch (NumberFormatException e) {
                throw malformed(key, "a number", e);
            }
        }

        private KinemaException malformed(String key, String kind, NumberFormatException cause) {
            return new KinemaException(source + ": its metadata " + PREFIX + key + " is " + Quoted.of(text(key)) + ", not " + kind
                    + ": save it again", cause);
        }
    }
}
