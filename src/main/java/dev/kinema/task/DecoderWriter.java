package dev.kinema.task;

import dev.kinema.device.Compilation;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.Decoder;
import dev.kinema.nn.KeysValues;
import dev.kinema.nn.NextToken;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * A decoder with what its texts are about, whose keys and values are computed once for each text: the inputs {@code memory.keys.LAYER} and
 * {@code memory.values.LAYER} [rows, memoryLength, width] of its steps.
 */
final class DecoderWriter implements Writer {
    private static final String MEMORY = "memory";

    private final Decoder decoder;
    private final int texts;
    private final int beam;
    private final int memoryLength;
    private final Program projection;

    DecoderWriter(TextDecoding.Network network, Decoder decoder, Compilation how, int texts, int beam, int memoryLength) {
        this.decoder = decoder;
        this.texts = texts;
        this.beam = beam;
        this.memoryLength = memoryLength;
        Graph graph = new Graph();
        Value memory = graph.input(MEMORY, DType.F32, Shape.of(texts, memoryLength, width()));
        List<KeysValues> layers = decoder.project(network.pass(graph), memory);
        for (int l = 0; l < layers.size(); l++) {
            graph.output(keys(l), layers.get(l).keys());
            graph.output(values(l), layers.get(l).values());
        }
        this.projection = network.device().compile(graph, network.weights(), how);
    }

    private int width() {
        return decoder.config().width();
    }

    private static String keys(int layer) {
        return MEMORY + ".keys." + layer;
    }

    private static String values(int layer) {
        return MEMORY + ".values." + layer;
    }

    @Override
    public NextToken next(Pass pass, Value token, Value position, List<KeysValues> past, Value padding) {
        Shape remembered = Shape.of(texts * beam, memoryLength, width());
        List<KeysValues> memory = new ArrayList<>();
        for (int l = 0; l < decoder.config().layers(); l++) {
            memory.add(new KeysValues(pass.graph().input(keys(l), DType.F32, remembered),
                pass.graph().input(values(l), DType.F32, remembered)));
        }
        return decoder.next(pass, token, position, past, padding, memory, null);
    }

    /** Rows that stand idle are about zeros. */
    @Override
    public void start(HostArray memory, int from, int count) {
        HostArray input = projection.input(MEMORY);
        int each = memoryLength * width();
        for (int i = 0; i < texts * each; i++) {
            input.set(i, i < count * each ? memory.get(from * each + i) : 0.0);
        }
        projection.run();
    }

    @Override
    public void enter(Program step) {
        for (int l = 0; l < decoder.config().layers(); l++) {
            for (String name : List.of(keys(l), values(l))) {
                repeat(projection.output(name), step.input(name));
            }
        }
    }

    /** Gives each of a text's hypotheses the text's memory. */
    private void repeat(HostArray from, HostArray to) {
        int bytes = memoryLength * width() * to.dtype().bytes();
        for (int r = 0; r < texts * beam; r++) {
            to.buffer().position(r * bytes).put(from.buffer().position(r / beam * bytes).limit((r / beam + 1) * bytes));
        }
    }

    @Override
    public void close() {
        projection.close();
    }
}
