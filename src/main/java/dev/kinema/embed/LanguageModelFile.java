package dev.kinema.embed;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.kinema.KinemaException;
import dev.kinema.Version;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.ImportedCheckpoint;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.checkpoint.StateMatch;
import dev.kinema.config.ConfigReader;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.nn.Pass;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A language model as a file holds it, over the file's own tokens: GPT-2 as Hugging Face's transformers stores it, or what {@link #write}
 * wrote.
 *
 * @param source the file
 * @param tensors every variable of {@link LanguageModel}, by its name
 * @param origin where the numbers come from, in words
 */
public record LanguageModelFile(Path source, Sizes sizes, Map<String, HostArray> tensors, String origin) {
    /** The metadata that says which network it is. */
    private static final String KEY = "language_model";
    /** Width of an attention head in every GPT-2 that was released: weights alone do not say how many heads there are. */
    private static final int HEAD_WIDTH = 64;

    private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES).create();

    /** What weights decide of a {@link LanguageModelConfig}, where each field is explained. */
    public record Sizes(int tokens, int width, int maxLength, int layers, int heads, int feedForward, double normEpsilon) {
        private static final int MOST = 1 << 16;

        public Sizes {
            require("tokens", tokens, 1 << 24);
            require("width", width, MOST);
            require("max_length", maxLength, MOST);
            require("layers", layers, 1000);
            require("feed_forward", feedForward, 4 * MOST);
            require("heads", heads, width);
            if (width % heads != 0) {
                throw new KinemaException("heads is " + heads + ", which does not divide width, " + width);
            }
            if (!(normEpsilon > 0 && normEpsilon < 1)) {
                throw new KinemaException("norm_epsilon is " + normEpsilon + ": it must be above 0, and below 1");
            }
        }

        private static void require(String name, int value, int most) {
            if (value < 1 || value > most) {
                throw new KinemaException(name + " is " + value + ": it must be 1 to " + most);
            }
        }

        /** The network over this many tokens; what weights do not decide is GPT-2's. */
        LanguageModelConfig over(int vocabulary, int pad, int eos) {
            LanguageModelConfig other = LanguageModelConfig.GPT2;
            return new LanguageModelConfig(vocabulary, pad, eos, width, maxLength, layers, heads, feedForward, other.dropout(),
                other.attentionDropout(), other.initialStd(), normEpsilon);
        }

        /** Names and shapes of the network's variables over the file's own tokens. */
        private Map<String, Shape> variables() {
            // two tokens are special to the network, and do not change its shapes
            Map<String, Shape> shapes = LanguageModelFile.variables(over(Math.max(3, tokens), 0, 1));
            shapes.put(LanguageModelWeights.TOKENS, Shape.of(tokens, width));
            return shapes;
        }
    }

    /** Names and shapes of a language model's variables. */
    static Map<String, Shape> variables(LanguageModelConfig config) {
        return BackboneWeights.shapes(graph(config));
    }

    static Graph graph(LanguageModelConfig config) {
        Graph graph = new Graph();
        new LanguageModel(config).logits(Pass.eval(graph), graph.input("tokens", DType.I32, Shape.of(1, 1)), null);
        return graph;
    }

    /** {@link #of} of a file. */
    public static LanguageModelFile read(Path file) {
        return of(CheckpointImport.read(file));
    }

    /** Whether a checkpoint is a language model's by the look of it. */
    public static boolean isOne(ImportedCheckpoint checkpoint) {
        return checkpoint.naming() == ImportedCheckpoint.Naming.GPT2 || checkpoint.metadata().containsKey(KEY);
    }

    /**
     * The language model in a checkpoint: of GPT-2 {@code model.safetensors} or {@code pytorch_model.bin}. A {@code config.json} beside it
     * says how many heads there are; without one they are 64 wide, as in all that were released.
     *
     * @throws KinemaException if it is of no GPT-2, or lacks or has anything beyond the network's weights: said under the file's names
     */
    public static LanguageModelFile of(ImportedCheckpoint checkpoint) {
        Path file = checkpoint.path();
        if (checkpoint.metadata().containsKey(KEY)) {
            Sizes sizes = ConfigReader.parse(file + " (" + KEY + ")", checkpoint.metadata().get(KEY), Sizes.class);
            Map<String, HostArray> matched = matched(file, sizes.variables(), checkpoint.tensors());
            return new LanguageModelFile(file, sizes, matched, WeightsOrigin.of(checkpoint.metadata()));
        }
        Map<String, HostArray> found = weights(file, checkpoint.tensors());
        Sizes sizes = sizes(file, found);
        Map<String, Shape> variables = sizes.variables();
        Map<String, HostArray> matched = matched(file, Gpt2Names.shapes(variables), found);
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        variables.forEach((variable, shape) -> {
            HostArray array = matched.get(Gpt2Names.of(variable));
            tensors.put(variable, Gpt2Names.isTransposed(Gpt2Names.of(variable), shape) ? transposed(array) : array);
        });
        return new LanguageModelFile(file, sizes, tensors, "imported from " + file.getFileName() + " (GPT-2's names)");
    }

    /** What of the file is weights, without the prefix that some files have. */
    private static Map<String, HostArray> weights(Path file, Map<String, HostArray> all) {
        Map<String, HostArray> weights = new LinkedHashMap<>();
        all.forEach((stored, array) -> {
            String name = stored.startsWith(Gpt2Names.PREFIX) ? stored.substring(Gpt2Names.PREFIX.length()) : stored;
            if (!Gpt2Names.isBuffer(name) && weights.put(name, array) != null) {
                throw new KinemaException(file + ": has " + name + " both with and without " + Gpt2Names.PREFIX + " before it: remove one");
            }
        });
        HostArray output = weights.remove(Gpt2Names.OUTPUT);
        HostArray table = weights.get(Gpt2Names.TOKENS);
        if (output != null && table != null && !(output.type().equals(table.type()) && output.buffer().equals(table.buffer()))) {
            throw new KinemaException(file + ": its output " + Gpt2Names.OUTPUT + " is not its token table " + Gpt2Names.TOKENS
                + ", and a GPT-2 has one for both: name a checkpoint whose weights are tied");
        }
        return weights;
    }

    private static Sizes sizes(Path file, Map<String, HostArray> found) {
        Shape table = matrix(file, found, Gpt2Names.TOKENS);
        int width = table.dim(1);
        // counted, not the greatest number: a gap is then reported, and a number out of a damaged file builds no network
        int layers = (int) found.keySet().stream().filter(n -> n.startsWith("h.")).map(n -> n.split("\\.", 3)[1]).distinct().count();
        int inner = matrix(file, found, "h.0.mlp.c_fc.weight").dim(1);
        int positions = matrix(file, found, Gpt2Names.POSITIONS).dim(0);
        Gpt2Settings settings = Gpt2Settings.beside(file).orElseGet(() -> Gpt2Settings.released(headsOf(file, width)));
        try {
            Sizes sizes = new Sizes(table.dim(0), width, positions, layers, settings.heads(), inner, settings.normEpsilon());
            settings.requireFit(sizes);
            return sizes;
        } catch (KinemaException e) {
            throw new KinemaException(file + ": " + e.getMessage(), e);
        }
    }

    private static int headsOf(Path file, int width) {
        if (width < 1 || width % HEAD_WIDTH != 0) {
            throw new KinemaException(file + ": its tokens are " + width + " wide, and GPT-2's attention has heads of " + HEAD_WIDTH
                + " where no " + Gpt2Settings.FILE + " beside it says otherwise: name a checkpoint of GPT-2");
        }
        return width / HEAD_WIDTH;
    }

    private static Shape matrix(Path file, Map<String, HostArray> found, String name) {
        HostArray array = found.get(name);
        if (array == null || array.shape().rank() != 2) {
            throw new KinemaException(file + ": is of no GPT-2: " + name + " is " + (array == null ? "missing" : "no matrix but "
                + array.type()) + ": name model.safetensors or pytorch_model.bin of one");
        }
        return array.shape();
    }

    private static Map<String, HostArray> matched(Path file, Map<String, Shape> expected, Map<String, HostArray> found) {
        StateMatch match = StateMatch.of(expected, found);
        if (!match.isComplete()) {
            throw new KinemaException(file + ": does not fit a GPT-2 of its sizes: " + match.report()
                + ": name model.safetensors or pytorch_model.bin of a GPT-2 with nothing added to it");
        }
        match.matched().forEach((name, array) -> {
            if (!array.dtype().isFloating()) {
                throw new KinemaException(file + ": " + name + " is " + array.type() + ": weights must be floating-point numbers");
            }
        });
        return match.matched();
    }

    private static HostArray transposed(HostArray array) {
        int rows = array.shape().dim(0);
        int columns = array.shape().dim(1);
        float[] from = array.toFloats();
        float[] to = new float[from.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                to[c * rows + r] = from[r * columns + c];
            }
        }
        return HostArray.of(Shape.of(columns, rows), to);
    }

    /** Writes a safetensors file that says which network it is of, atomically. */
    public void write(Path destination) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(KEY, GSON.toJson(sizes));
        metadata.put(WeightsOrigin.KEY, origin);
        metadata.put("version", Version.CURRENT);
        Safetensors.write(destination, tensors, metadata);
    }
}
