package dev.kinema.embed;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.op.Extent;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.BatchNorm;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A network's configuration as a checkpoint's metadata holds it: a JSON object with one key, {@code slow} or {@code contextualizer}. It is
 * read as strictly as a configuration file: JSON is YAML.
 *
 * @param slow a backbone
 * @param contextualizer a contextualizer
 */
public record NetworkDescription(Optional<Backbone> slow, Optional<ContextualizerConfig> contextualizer) {
    /** Far beyond any network: a damaged file must not make us build one for hours. */
    private static final int MOST_BLOCKS = 1000;

    private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES).create();

    public NetworkDescription {
        if (slow.isPresent() == contextualizer.isPresent()) {
            throw new KinemaException("a network is described by one of the keys slow and contextualizer: keep one of them");
        }
    }

    /** {@link SlowConfig} in plain values; with {@code classes} 0 the network has no classifier. */
    public record Backbone(SlowConfig.Stem stem, List<SlowConfig.Stage> stages, int width, Extent res2Pool, SlowConfig.Clip clip,
        SlowConfig.Head head, double normEpsilon, double normMomentum, boolean zeroInitFinalNorm) {

        public Backbone {
            if (stages.stream().mapToInt(SlowConfig.Stage::blocks).anyMatch(blocks -> blocks < 1 || blocks > MOST_BLOCKS)
                    || clip.frames() < 1 || clip.crop() < 1 || clip.samplingRate() < 1 || head.classes() < 0) {
                throw new KinemaException("blocks must be 1 to " + MOST_BLOCKS + ", frames, crop and sampling_rate at least 1, classes "
                    + "not negative: got " + stages + ", " + clip + ", " + head);
            }
        }

        static Backbone of(SlowConfig c) {
            return new Backbone(c.stem(), c.stages(), c.width(), c.res2Pool(), c.clip(), c.head(), c.norm().epsilon(), c.norm().momentum(),
                c.zeroInitFinalNorm());
        }

        /** The network; its norms start at 1 and 0. */
        public SlowConfig config() {
            return new SlowConfig(stem, stages, width, res2Pool, clip, head, new BatchNorm(normEpsilon, normMomentum, Initializer.ONES),
                zeroInitFinalNorm);
        }
    }

    /** The JSON object that describes a backbone. */
    public static String of(SlowConfig config) {
        return json("slow", Backbone.of(config));
    }

    /** The JSON object that describes a contextualizer. */
    public static String of(ContextualizerConfig config) {
        return json("contextualizer", config);
    }

    private static String json(String key, Record value) {
        JsonObject object = new JsonObject();
        object.add(key, GSON.toJsonTree(value));
        return object.toString();
    }

    /** Reads a description from a YAML file, such as those in {@code configs/networks}. */
    public static NetworkDescription read(Path file) {
        return ConfigReader.read(file, NetworkDescription.class);
    }

    /**
     * Reads a description.
     *
     * @param source what to name in errors
     * @throws KinemaException if a key is unknown, missing or of another type
     */
    static NetworkDescription parse(Object source, String json) {
        return ConfigReader.parse(source + " (model configuration)", json, NetworkDescription.class);
    }
}
