package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.StateMatch;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.nn.Pass;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A language model's configuration and weights, imported or drawn at random.
 *
 * @param source the file, or what stands for it
 * @param tensors every variable of the network
 * @param origin where the numbers come from, in words
 */
public record LanguageModelWeights(Path source, LanguageModelConfig config, Map<String, HostArray> tensors, String origin) {
    /** Width of an attention head in every GPT-2: files do not say how many there are. */
    private static final int HEAD_WIDTH = 64;

    /**
     * Imports GPT-2's weights as Hugging Face's transformers stores them: {@code model.safetensors} or {@code pytorch_model.bin}. The sizes
     * are the file's. Tokens that the file does not know come after its own, and start as they do in training from scratch.
     *
     * @param vocabulary how many tokens the model is to have, the file's included
     * @param pad the token of padding, which GPT-2 itself does not have: an added one
     * @param eos the token that ends a text: 50256 in GPT-2
     * @param seed for the added tokens
     * @throws KinemaException if the file cannot be read, is of no GPT-2, has more tokens, or lacks or has anything beyond the network's
     *     weights; it is said under the file's names
     */
    public static LanguageModelWeights importGpt2(Path file, int vocabulary, int pad, int eos, long seed) {
        Map<String, HostArray> found = weights(file, CheckpointImport.read(file).tensors());
        LanguageModelConfig config = config(file, found).withVocabulary(vocabulary, pad, eos);
        int known = found.get(Gpt2Names.TOKENS).shape().dim(0);
        if (known > vocabulary) {
            throw new KinemaException(file + ": has " + known + " tokens, more than the " + vocabulary
                + " that the model is to have: give a vocabulary that begins with the file's");
        }
        Map<String, Shape> variables = variables(config);
        Map<String, Shape> expected = Gpt2Names.shapes(variables);
        expected.put(Gpt2Names.TOKENS, Shape.of(known, config.width()));
        Map<String, HostArray> matched = matched(file, expected, found);
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        variables.forEach((variable, shape) -> {
            HostArray array = matched.get(Gpt2Names.of(variable));
            tensors.put(variable, Gpt2Names.isTransposed(Gpt2Names.of(variable), shape) ? transposed(array) : array);
        });
        if (known < vocabulary) {
            tensors.compute("tokens.weight", (name, table) -> lengthened(name, table, variables.get(name), config.initialStd(), seed));
        }
        String origin = "imported from " + file.getFileName() + " (GPT-2's names)" + (known == vocabulary ? ""
            : ", " + (vocabulary - known) + " tokens drawn from seed " + seed);
        return new LanguageModelWeights(file, config, tensors, origin);
    }

    /** An untrained network: weights drawn as for the start of training. */
    public static LanguageModelWeights random(LanguageModelConfig config, long seed) {
        return new LanguageModelWeights(Path.of("random"), config, BackboneWeights.draw(graph(config), seed), WeightsOrigin.random(seed));
    }

    /**
     * Puts the weights where a program can use them.
     *
     * @param place where in the whole network the language model is, the prefix of its variables without the last dot; empty for the root
     */
    public void copyTo(Weights weights, String place) {
        tensors.forEach((name, array) -> weights.put(place.isEmpty() ? name : place + "." + name, array));
    }

    private static Graph graph(LanguageModelConfig config) {
        Graph graph = new Graph();
        new LanguageModel(config).logits(Pass.eval(graph), graph.input("tokens", DType.I32, Shape.of(1, 1)), null);
        return graph;
    }

    private static Map<String, Shape> variables(LanguageModelConfig config) {
        return BackboneWeights.shapes(graph(config));
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

    private static LanguageModelConfig config(Path file, Map<String, HostArray> found) {
        int width = matrix(file, found, Gpt2Names.TOKENS).dim(1);
        if (width < 1 || width % HEAD_WIDTH != 0) {
            throw new KinemaException(file + ": its tokens are " + width + " wide, and GPT-2's attention has heads of " + HEAD_WIDTH
                + ": name a checkpoint of GPT-2");
        }
        // counted, not the greatest number: a gap is then reported, and a number out of a damaged file builds no network
        int layers = (int) found.keySet().stream().filter(n -> n.startsWith("h.")).map(n -> n.split("\\.", 3)[1]).distinct().count();
        int inner = matrix(file, found, "h.0.mlp.c_fc.weight").dim(1);
        return LanguageModelConfig.GPT2.withSizes(width, layers, width / HEAD_WIDTH, inner,
            matrix(file, found, Gpt2Names.POSITIONS).dim(0));
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

    /** The table with rows added, which are those that training from scratch with the same seed would start with. */
    private static HostArray lengthened(String name, HostArray table, Shape shape, double std, long seed) {
        HostArray longer = HostArray.allocate(DType.F32, shape);
        Initializer start = new Initializer.Normal(std);
        Philox random = Philox.named(seed, name);
        for (int i = 0; i < longer.elements(); i++) {
            longer.set(i, i < table.elements() ? table.get(i) : start.element(random, i));
        }
        return longer;
    }
}
