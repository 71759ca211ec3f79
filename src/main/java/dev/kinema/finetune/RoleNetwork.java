package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.Decoder;
import dev.kinema.model.DecoderConfig;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.run.Metrics;
import dev.kinema.task.DecodedText;
import dev.kinema.task.TextBatch;
import dev.kinema.task.TextDecoding;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.RoleTokenizer;
import dev.kinema.task.vidsitu.Situation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Semantic roles (paper, section 4; VidSitu's toolkit, vidsitu_code/mdl_sf_base.py): each event's roles as a text that begins with its verb,
 * written about what is seen of the event. It learns from the first annotation of a clip, every next token by those before, and is asked
 * with the verbs of the first annotation. Events are written independently of one another.
 *
 * <p>Variables {@code text.*} of the decoder, and those of {@link EventEncoder}.
 */
final class RoleNetwork implements TaskNetwork<RolePrediction> {
    /** Where what writes texts is, in the names of variables. */
    static final String TEXT = "text";
    private static final String MEMORY = "memory";

    private final RolesConfig config;
    private final SeenEvents seen;
    private final RoleTexts texts;
    private final List<Situation> clips;
    private final ClipOrder order;
    private final Weights weights;
    private final DecoderConfig decoder;
    private final Program training;
    private final Program memory;
    private final TextDecoding decoding;
    private boolean whole = true;

    /**
     * @param tokenizer with the dataset's tokens
     * @param clips to learn from, with an annotation each
     * @param start variables by their names, as far as they are not drawn from the seed
     * @throws KinemaException if events come in another width than the decoder's, or a text cannot be learned
     */
    RoleNetwork(Device device, Compilation compilation, RolesConfig config, SeenEvents seen, RoleTokenizer tokenizer, List<Situation> clips,
            Map<String, HostArray> start, long seed) {
        this.config = config;
        this.seen = seen;
        this.clips = List.copyOf(clips);
        int batch = config.tuning().batch();
        order = new ClipOrder(clips.size(), batch, seed);
        texts = new RoleTexts(tokenizer, config, clips);
        decoder = config.decoder().orElseThrow().over(texts.tokens());
        requireWidth();
        weights = device.newWeights();
        boolean built = false;
        try {
            start.forEach(weights::put);
            Graph graph = trainingGraph();
            weights.initialize(graph, seed);
            training = device.compile(graph, weights, compilation);
            Graph asked = new Graph();
            asked.output(MEMORY, seen.memory(Pass.eval(asked), batch));
            memory = device.compile(asked, weights, compilation);
            decoding = new TextDecoding(new TextDecoding.Network(device, weights, new Decoder(decoder), TEXT), config.decoding().decoding(),
                batch * Clip.EVENTS, SeenEvents.MEMORY_LENGTH, compilation);
            built = true;
        } finally {
            if (!built) {
                weights.close();
            }
        }
    }

    private void requireWidth() {
        int width = seen.encoder().outputWidth();
        if (width != decoder.width()) {
            throw new KinemaException("the decoder has width " + decoder.width() + ", and events come to it with " + width
                + ": set event_width to " + decoder.width() + ", or give a contextualizer of that width");
        }
    }

    /** All texts of a batch are as long as the longest of all; what is behind their ends counts nowhere. */
    private Graph trainingGraph() {
        Graph graph = new Graph();
        Pass pass = Pass.train(graph);
        int batch = config.tuning().batch();
        Value about = seen.memory(pass, batch);
        Decoder.Texts read = Decoder.texts(graph, batch * Clip.EVENTS, texts.longest() - 1);
        Value loss = new Decoder(decoder).loss(pass.at(TEXT), read, about, null);
        graph.output(Metrics.LOSS, loss);
        config.tuning().optimizer().optimizer().minimize(loss);
        return graph;
    }

    @Override
    public Weights weights() {
        return weights;
    }

    @Override
    public long stepsPerEpoch() {
        return order.stepsPerEpoch();
    }

    @Override
    public Map<String, Double> train(long step, double rate) {
        int[] batch = order.of(step);
        seen.put(training, Arrays.stream(batch).mapToObj(clips::get).toList());
        new TextBatch(decoder).put(training, texts.of(batch));
        training.input(Optimizer.LEARNING_RATE).put((float) rate);
        whole = false;
        training.run();
        whole = true;
        Map<String, Double> said = new LinkedHashMap<>();
        said.put(Metrics.LOSS, training.output(Metrics.LOSS).get(0));
        said.put(Metrics.GRADIENT_NORM, training.output(Optimizer.GRADIENT_NORM).get(0));
        return said;
    }

    @Override
    public boolean isBetweenSteps() {
        return whole;
    }

    @Override
    public List<RolePrediction> predict(List<Situation> situations) {
        int batch = config.tuning().batch();
        List<RolePrediction> predictions = new ArrayList<>();
        for (int from = 0; from < situations.size(); from += batch) {
            List<Situation> part = situations.subList(from, Math.min(from + batch, situations.size()));
            List<List<Integer>> written = written(part).stream().map(DecodedText::tokens).toList();
            for (int i = 0; i < part.size(); i++) {
                predictions.add(texts.read(part.get(i), written.subList(i * Clip.EVENTS, (i + 1) * Clip.EVENTS)));
            }
        }
        return predictions;
    }

    private List<DecodedText> written(List<Situation> part) {
        List<int[]> prompts = texts.prompts(part);
        seen.put(memory, part);
        memory.run();
        HostArray about = memory.output(MEMORY);
        Shape shape = Shape.of(prompts.size(), SeenEvents.MEMORY_LENGTH, decoder.width());
        int bytes = (int) shape.elements() * about.dtype().bytes();
        return decoding.decode(HostArray.wrap(about.dtype(), shape, about.buffer().limit(bytes)), prompts);
    }

    @Override
    public void close() {
        decoding.close();
        training.close();
        memory.close();
        weights.close();
    }
}
