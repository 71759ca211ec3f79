package dev.kinema.task;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.model.Decoder;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.TextConfig;
import dev.kinema.model.TextModel;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes texts with a decoder or a language model: greedily or by beam search, in batches of fixed size, with a cache of keys and values.
 * It follows weights that change, so one is enough for a training; used by one thread at a time. Close it before the device and the
 * weights.
 */
public final class TextDecoding implements AutoCloseable {
    private final TextConfig network;
    private final DecodingConfig config;
    private final int batch;
    private final int memoryLength;
    private final CachedSteps steps;

    /**
     * A network that writes, with its weights on a device.
     *
     * @param place where in the whole network it is, the prefix of its variables without the last dot; empty for the root
     */
    public record Network(Device device, Weights weights, TextModel model, String place) {
        Pass pass(Graph graph) {
            Pass root = Pass.eval(graph);
            return place.isEmpty() ? root : root.at(place);
        }
    }

    /**
     * With a decoder.
     *
     * @param batch how many texts are written at once
     * @param memoryLength tokens that each text is about: 1 in VidSitu's toolkit
     * @throws KinemaException if the network has too few positions for what {@code config} asks, or is no decoder
     */
    public TextDecoding(Network network, DecodingConfig config, int batch, int memoryLength, Compilation how) {
        this(network, config, batch, memoryLength, how, decoder(network, config, batch, memoryLength, how));
    }

    /**
     * With a language model.
     *
     * @param batch how many texts are written at once
     * @throws KinemaException if the network has too few positions for what {@code config} asks, or is no language model
     */
    public TextDecoding(Network network, DecodingConfig config, int batch, Compilation how) {
        this(network, config, batch, 0, how, languageModel(network, config, batch));
    }

    private TextDecoding(Network network, DecodingConfig config, int batch, int memoryLength, Compilation how, Writer writer) {
        this.network = network.model().config();
        this.config = config;
        this.batch = batch;
        this.memoryLength = memoryLength;
        this.steps = new CachedSteps(network, how, writer, batch * config.beam(), config.positions());
    }

    private static Writer decoder(Network network, DecodingConfig config, int batch, int memoryLength, Compilation how) {
        check(network, config, batch);
        if (!(network.model() instanceof Decoder decoder)) {
            throw new KinemaException("a language model's texts are about nothing: leave out the memory and its length of " + memoryLength);
        }
        if (memoryLength < 1) {
            throw new KinemaException("a decoder's texts cannot be about " + memoryLength + " tokens of memory: give a positive number");
        }
        return new DecoderWriter(network, decoder, how, batch, config.beam(), memoryLength);
    }

    private static Writer languageModel(Network network, DecodingConfig config, int batch) {
        check(network, config, batch);
        if (!(network.model() instanceof LanguageModel model)) {
            throw new KinemaException("a decoder writes about a memory, and none was announced: give its length");
        }
        return new LanguageModelWriter(model);
    }

    private static void check(Network network, DecodingConfig config, int batch) {
        int positions = network.model().config().maxLength();
        if (config.positions() > positions) {
            throw new KinemaException("texts of up to " + config.maxTokens() + " tokens, read from "
                + (config.start() == DecodingConfig.Start.EOS ? "an end token" : "the prompt") + " on, need " + config.positions()
                + " positions, and the network has " + positions + ": set maxTokens, or the network's maxLength");
        }
        if (batch < 1) {
            throw new KinemaException("texts are written " + batch + " at once: give a positive number");
        }
    }

    /**
     * Writes one text per prompt with a decoder, in their order; which texts share a batch changes no text.
     *
     * @param memory [prompts, memoryLength, width], any floating type
     * @param prompts first tokens of the texts; empty ones only where decoding starts from the end token
     * @throws KinemaException if a prompt or the memory does not fit
     */
    public List<DecodedText> decode(HostArray memory, List<int[]> prompts) {
        if (memoryLength == 0) {
            throw new KinemaException("a language model's texts are about nothing, got a memory " + memory.type() + ": leave it out");
        }
        Shape expected = Shape.of(prompts.size(), memoryLength, network.width());
        if (!memory.shape().equals(expected)) {
            throw new KinemaException(prompts.size() + " prompts need a memory " + expected + ", got " + memory.type()
                + ": give as many prompts as memories, and features of the decoder's width");
        }
        return write(memory, prompts);
    }

    /**
     * The same with a language model, whose prompts are all that it is told.
     *
     * @throws KinemaException if a prompt does not fit, or the network is a decoder
     */
    public List<DecodedText> decode(List<int[]> prompts) {
        if (memoryLength > 0) {
            throw new KinemaException("a decoder writes about a memory [" + prompts.size() + ", " + memoryLength + ", " + network.width()
                + "], and none was given: give it with the prompts");
        }
        return write(null, prompts);
    }

    private List<DecodedText> write(HostArray memory, List<int[]> prompts) {
        for (int i = 0; i < prompts.size(); i++) {
            check(prompts.get(i), i);
        }
        List<DecodedText> texts = new ArrayList<>();
        for (int from = 0; from < prompts.size(); from += batch) {
            int count = Math.min(batch, prompts.size() - from);
            List<int[]> rows = new ArrayList<>(prompts.subList(from, from + count));
            while (rows.size() < batch) {
                rows.add(null);
            }
            steps.start(memory, from, count);
            texts.addAll(new BeamSearch(config, network.pad(), network.eos(), rows).run(steps).subList(0, count));
        }
        return texts;
    }

    private void check(int[] prompt, int index) {
        if (prompt.length == 0 && config.start() == DecodingConfig.Start.PROMPT) {
            throw new KinemaException("prompt " + index + " is empty, and decoding starts from it: give its first token,"
                + " or start from EOS");
        }
        if (prompt.length > config.maxTokens()) {
            throw new KinemaException("prompt " + index + " has " + prompt.length + " tokens, and texts have at most "
                + config.maxTokens() + ": cut it, or set maxTokens");
        }
        int vocabulary = network.vocabulary();
        for (int token : prompt) {
            if (token < 0 || token >= vocabulary || token == network.pad() || token == network.eos()) {
                throw new KinemaException("prompt " + index + " " + Arrays.toString(prompt) + " holds " + token + ", which is pad, eos or"
                    + " not one of the " + vocabulary + " tokens: give tokens that a text can begin with");
            }
        }
    }

    @Override
    public void close() {
        steps.close();
    }
}
