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

    private static final int MOST_STAGES = 8;
    private static final int MOST_FRAMES = 1024;
    private static final int MOST_PIXELS = 4096;
    private static final int MOST_CLASSES = 1 << 20;
    private static final int WIDEST = 1 << 16;

    public NetworkDescription {
        contextualizer.ifPresent(NetworkDescription::check);
        if (slow.isPresent() == contextualizer.isPresent()) {
            throw new KinemaException("a network is described by one of the keys slow and contextualizer: keep one of them");
        }
    }

    private static void check(ContextualizerConfig c) {
        require("input_width", c.inputWidth(), 1, WIDEST);
        require("width", c.width(), 1, WIDEST);
        require("max_length", c.maxLength(), 1, WIDEST);
        require("layers", c.layers(), 1, MOST_BLOCKS);
        require("heads", c.heads(), 1, c.width());
        require("feed_forward", c.feedForward(), 1, WIDEST);
        requirePositive("input_scale", c.inputScale());
        requirePositive("norm_epsilon", c.normEpsilon());
        // 0 is a start, too, though none that training is likely to want
        require("initial_std", c.initialStd(), 0, 1);
        requireShare("dropout", c.dropout());
        requireShare("attention_dropout", c.attentionDropout());
        requireShare("activation_dropout", c.activationDropout());
    }

    private static void require(String name, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new KinemaException(name + " is " + plain(value) + ": it must be " + plain(least) + " to " + plain(most));
        }
    }

    private static void requireShare(String name, double value) {
        require(name, value, 0, 1);
    }

    private static void requirePositive(String name, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new KinemaException(name + " is " + plain(value) + ": it must be a number above 0");
        }
    }

    /** Whole numbers without a point. */
    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
    }

    /** {@link SlowConfig} in plain values; with {@code classes} 0 the network has no classifier. */
    public record Backbone(SlowConfig.Stem stem, List<SlowConfig.Stage> stages, int width, Extent res2Pool, SlowConfig.Clip clip,
        SlowConfig.Head head, double normEpsilon, double normMomentum, boolean zeroInitFinalNorm) {

        public Backbone {
            for (SlowConfig.Stage stage : stages) {
                require("blocks", stage.blocks(), 1, MOST_BLOCKS);
                require("temporal_kernel", stage.temporalKernel(), 1, MOST_FRAMES);
                require("spatial_stride", stage.spatialStride(), 1, MOST_PIXELS);
            }
            require("the number of stages", stages.size(), 1, MOST_STAGES);
            require("width", width, 1, WIDEST);
            require("frames", clip.frames(), 1, MOST_FRAMES);
            require("crop", clip.crop(), 1, MOST_PIXELS);
            require("sampling_rate", clip.samplingRate(), 1, MOST_FRAMES);
            require("the bytes of a clip, 3 * frames * crop * crop,", 3L * clip.frames() * clip.crop() * clip.crop(), 1, Integer.MAX_VALUE);
            require("classes", head.classes(), 0, MOST_CLASSES);
            requireShare("dropout", head.dropout());
            requirePositive("norm_epsilon", normEpsilon);
            requireShare("norm_momentum", normMomentum);
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

    /**
     * A backbone that other software's checkpoint, or the command line, gives the sizes of.
     *
     * @param source what to name in errors
     * @return {@code config}
     * @throws KinemaException if a size or constant is out of bounds
     */
    static SlowConfig checked(Path source, SlowConfig config) {
        try {
            Backbone.of(config);
        } catch (KinemaException e) {
            throw new KinemaException(source + ": " + e.getMessage(), e);
        }
        return config;
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
