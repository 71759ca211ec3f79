package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.embed.LanguageModelWeights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.Decoder;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.TextModel;
import dev.kinema.nn.Pass;
import dev.kinema.run.Metrics;
import dev.kinema.task.DecodedText;
import dev.kinema.task.DecodingConfig;
import dev.kinema.task.TextBatch;
import dev.kinema.task.TextDecoding;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.RoleTokenizer;
import dev.kinema.task.vidsitu.Situation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Semantic roles (paper, section 4; VidSitu's toolkit, vidsitu_code/mdl_sf_base.py): each event's roles as a text that begins with its
 * verb, written about what is seen of the event, or about nothing by a language model. It learns from the first annotation of a clip, every
 * next token by those before, and is asked with the verbs of the first annotation. Events are written independently of one another.
 *
 * <p>Variables {@code text.*} of the decoder or language model, and those of {@link EventEncoder}.
 */
final class RoleNetwork implements TaskNetwork<RolePrediction> {
    /** Where what writes texts is, in the names of variables. */
    static final String TEXT = "text";
    private static final String MEMORY = "memory";

    private final RolesConfig config;
    private final Optional<SeenEvents> seen;
    private final RoleTexts texts;
    private final List<Situation> clips;
    private final ClipOrder order;
    private final TextModel model;
    private final Weights weights;
    private final OneProgramStep training;
    /** What texts are about. */
    private final Optional<Program> memory;
    private final TextDecoding decoding;

    /**
     * @param seen what a decoder is told of events; empty for a language model
     * @param tokenizer with the dataset's tokens
     * @param clips to learn from, with an annotation each
     * @param start variables by their names, as far as they are not drawn from the seed or imported by {@code config}
     * @throws KinemaException if events come in another width than the decoder's, a text cannot be learned, or weights cannot be imported
     */
    RoleNetwork(Device device, Compilation compilation, RolesConfig config, Optional<SeenEvents> seen, RoleTokenizer tokenizer,
            List<Situation> clips, Map<String, HostArray> start, long seed) {
        if (seen.isPresent() != config.sees()) {
            throw new IllegalArgumentException("events are seen by a decoder, and by nothing else");
        }
        this.config = config;
        this.seen = seen;
        this.clips = List.copyOf(clips);
        order = new ClipOrder(clips.size(), config.tuning().batch(), seed);
        texts = new RoleTexts(tokenizer, config, clips);
        Optional<LanguageModelWeights> imported = imported(seed);
        model = imported.<TextModel>map(weights -> new LanguageModel(weights.config())).orElseGet(this::drawn);
        seen.ifPresent(this::requireWidth);
        weights = device.newWeights();
        boolean built = false;
        try {
            imported.ifPresent(read -> read.copyTo(weights, TEXT));
            start.forEach(weights::put);
            Graph learning = learning(config, model, seen, texts.longest(), mostAsked());
            weights.initialize(learning, seed);
            training = new OneProgramStep(device.compile(learning, weights, compilation));
            memory = seen.map(events -> device.compile(memoryGraph(events), weights, compilation));
            decoding = decoding(device, compilation);
            built = true;
        } finally {
            if (!built) {
                weights.close();
            }
        }
    }

    private Optional<LanguageModelWeights> imported(long seed) {
        TokenTable tokens = texts.tokens();
        return config.languageModel().flatMap(LanguageModelStart::weights)
            .map(file -> LanguageModelWeights.read(file, tokens.size(), tokens.pad(), tokens.end(), seed));
    }

    private TextModel drawn() {
        TokenTable tokens = texts.tokens();
        return config.decoder().<TextModel>map(decoder -> new Decoder(decoder.over(tokens)))
            .orElseGet(() -> new LanguageModel(config.languageModel().orElseThrow().network().orElseThrow().over(tokens)));
    }

    private void requireWidth(SeenEvents events) {
        int width = events.encoder().outputWidth();
        if (width != model.config().width()) {
            throw new KinemaException("the decoder has width " + model.config().width() + ", and events come to it with " + width
                + ": set event_width to " + model.config().width() + ", or give a contextualizer of that width");
        }
    }

    /**
     * What a step computes: cross-entropy, mean over all tokens of a batch, and the update of all variables. All texts of a batch are as
     * long as the longest of all; what is behind their ends counts nowhere.
     *
     * @param longest tokens of that text
     * @param asked most tokens that are asked for in a step
     */
    static Graph learning(RolesConfig config, TextModel model, Optional<SeenEvents> seen, int longest, int asked) {
        Graph graph = new Graph();
        Pass pass = Pass.train(graph);
        Decoder.Texts read = Decoder.texts(graph, config.tuning().batch() * Clip.EVENTS, longest - 1, asked);
        Value loss = model instanceof Decoder decoder
            ? decoder.loss(pass.at(TEXT), read, seen.orElseThrow().memory(pass, config.tuning().batch()), null)
            : ((LanguageModel) model).loss(pass.at(TEXT), read);
        graph.output(Metrics.LOSS, loss);
        config.tuning().optimizer().optimizer().minimize(loss);
        return graph;
    }

    /** Most tokens that are asked for in one step of all: the clips of each are known. One epoch's where there is none. */
    int mostAsked() {
        long steps = Math.max(1, config.tuning().epochs()) * order.stepsPerEpoch();
        return (int) LongStream.range(0, steps).map(step -> texts.asked(order.of(step))).max().orElseThrow();
    }

    private Graph memoryGraph(SeenEvents events) {
        Graph graph = new Graph();
        graph.output(MEMORY, events.memory(Pass.eval(graph), config.tuning().batch()));
        return graph;
    }

    private TextDecoding decoding(Device device, Compilation compilation) {
        TextDecoding.Network network = new TextDecoding.Network(device, weights, model, TEXT);
        DecodingConfig how = config.decoding().decoding();
        int rows = config.tuning().batch() * Clip.EVENTS;
        return config.sees() ? new TextDecoding(network, how, rows, SeenEvents.MEMORY_LENGTH, compilation)
            : new TextDecoding(network, how, rows, compilation);
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
        seen.ifPresent(events -> events.put(training.program(), Arrays.stream(batch).mapToObj(clips::get).toList()));
        new TextBatch(model.config()).put(training.program(), texts.of(batch));
        return training.run(rate);
    }

    @Override
    public boolean isBetweenSteps() {
        return training.isWhole();
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
        return memory.map(program -> decoding.decode(about(program, part), prompts)).orElseGet(() -> decoding.decode(prompts));
    }

    /** Memory [clips * 5, 1, width] of clips' events, valid until the next ones'. */
    private HostArray about(Program program, List<Situation> part) {
        seen.orElseThrow().put(program, part);
        program.run();
        HostArray all = program.output(MEMORY);
        Shape shape = Shape.of(part.size() * Clip.EVENTS, SeenEvents.MEMORY_LENGTH, model.config().width());
        return HostArray.wrap(all.dtype(), shape, all.buffer().limit((int) shape.elements() * all.dtype().bytes()));
    }

    @Override
    public void close() {
        decoding.close();
        training.close();
        memory.ifPresent(Program::close);
        weights.close();
    }
}
