package dev.kinema.task;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.Shape;
import dev.kinema.model.Decoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes texts with a decoder: greedily or by beam search, in batches of fixed size, with a cache of keys and values. It follows weights
 * that change, so one is enough for a training; used by one thread at a time. Close it before the device and the weights.
 */
public final class TextDecoding implements AutoCloseable {
    private final Decoder decoder;
    private final DecodingConfig config;
    private final int batch;
    private final int memoryLength;
    private final CachedSteps steps;

    /**
     * A decoder with its weights on a device.
     *
     * @param place where in the network the decoder is, the prefix of its variables without the last dot; empty for the root
     */
    public record Network(Device device, Weights weights, Decoder decoder, String place) {}

    /**
     * @param batch how many texts are written at once
     * @param memoryLength tokens that each text is about: 1 in VidSitu's toolkit
     * @throws KinemaException if the decoder has too few positions for what {@code config} asks
     */
    public TextDecoding(Network network, DecodingConfig config, int batch, int memoryLength, Compilation how) {
        this.decoder = network.decoder();
        this.config = config;
        this.batch = batch;
        this.memoryLength = memoryLength;
        int positions = decoder.config().maxLength();
        if (config.positions() > positions) {
            throw new KinemaException("texts of up to " + config.maxTokens() + " tokens, read from "
                + (config.start() == DecodingConfig.Start.EOS ? "an end token" : "the prompt") + " on, need " + config.positions()
                + " positions, and the decoder has " + positions + ": set maxTokens, or the decoder's maxLength");
        }
        if (batch < 1 || memoryLength < 1) {
            throw new KinemaException("texts are written " + batch + " at once about " + memoryLength
                + " tokens of memory each: give positive numbers");
        }
        this.steps = new CachedSteps(network, how, batch, config.beam(), memoryLength, config.positions());
    }

    /**
     * Writes one text per prompt, in their order; which texts share a batch changes no text.
     *
     * @param memory [prompts, memoryLength, width], any floating type
     * @param prompts first tokens of the texts; empty ones only where decoding starts from the end token
     * @throws KinemaException if a prompt or the memory does not fit
     */
    public List<DecodedText> decode(HostArray memory, List<int[]> prompts) {
        Shape expected = Shape.of(prompts.size(), memoryLength, decoder.config().width());
        if (!memory.shape().equals(expected)) {
            throw new KinemaException(prompts.size() + " prompts need a memory " + expected + ", got " + memory.type()
                + ": give as many prompts as memories, and features of the decoder's width");
        }
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
            texts.addAll(new BeamSearch(config, decoder.config().pad(), decoder.config().eos(), rows).run(steps).subList(0, count));
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
        int vocabulary = decoder.config().vocabulary();
        for (int token : prompt) {
            if (token < 0 || token >= vocabulary || token == decoder.config().pad() || token == decoder.config().eos()) {
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
