package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.model.LanguageModelConfig;
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
    /** The table of tokens, which is the output, too. */
    static final String TOKENS = "tokens.weight";

    /**
     * Reads weights of {@link LanguageModelFile} for a network over more tokens. Those that the file does not know come after its own, and
     * start as they do in training from scratch.
     *
     * @param vocabulary how many tokens the model is to have, the file's included
     * @param pad the token of padding, which GPT-2 itself does not have: an added one
     * @param eos the token that ends a text: 50256 in GPT-2
     * @param seed for the added tokens
     * @throws KinemaException if the file cannot be read, is of no GPT-2, has more tokens, or lacks or has anything beyond the network's
     *     weights
     */
    public static LanguageModelWeights read(Path file, int vocabulary, int pad, int eos, long seed) {
        LanguageModelFile stored = LanguageModelFile.read(file);
        LanguageModelConfig config = stored.sizes().over(vocabulary, pad, eos);
        int known = stored.sizes().tokens();
        if (known > vocabulary) {
            throw new KinemaException(file + ": has " + known + " tokens, more than the " + vocabulary
                + " that the model is to have: give a vocabulary that begins with the file's");
        }
        Map<String, HostArray> tensors = new LinkedHashMap<>(stored.tensors());
        if (known < vocabulary) {
            Shape longer = Shape.of(vocabulary, config.width());
            tensors.compute(TOKENS, (name, table) -> lengthened(name, table, longer, config.initialStd(), seed));
        }
        String origin = stored.origin() + (known == vocabulary ? "" : ", " + (vocabulary - known) + " tokens drawn from seed " + seed);
        return new LanguageModelWeights(file, config, tensors, origin);
    }

    /** An untrained network: weights drawn as for the start of training. */
    public static LanguageModelWeights random(LanguageModelConfig config, long seed) {
        Map<String, HostArray> drawn = BackboneWeights.draw(LanguageModelFile.graph(config), seed);
        return new LanguageModelWeights(Path.of("random"), config, drawn, WeightsOrigin.random(seed));
    }

    /**
     * Puts the weights where a program can use them.
     *
     * @param place where in the whole network the language model is, the prefix of its variables without the last dot; empty for the root
     */
    public void copyTo(Weights weights, String place) {
        tensors.forEach((name, array) -> weights.put(place.isEmpty() ? name : place + "." + name, array));
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
