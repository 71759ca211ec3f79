package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.config.ConfigReader;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.embed.SmallGpt2;
import dev.kinema.graph.Shape;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.optim.LearningRate;
import dev.kinema.run.Environment;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.Metrics;
import dev.kinema.run.Progress;
import dev.kinema.run.RunFolder;
import dev.kinema.run.TrainingLoop;
import dev.kinema.task.vidsitu.AddedTokens;
import dev.kinema.task.vidsitu.Annotation;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Event;
import dev.kinema.task.vidsitu.Predictions;
import dev.kinema.task.vidsitu.Role;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.RoleSequence;
import dev.kinema.task.vidsitu.RoleTokenizer;
import dev.kinema.task.vidsitu.RoleTokenizer.Spaces;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.StoryFiles;
import dev.kinema.task.vidsitu.VerbVocabulary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Small decoders that learn generated clips by heart. */
class RoleNetworkTest {
    private static final int CLIPS = 8;
    private static final int FEATURE = 24;
    private static final long SEED = 3;
    /** Eight clips where all annotators say the same. */
    private static final List<Situation> SITUATIONS = StoryFiles.agreed(StoryFiles.situations(CLIPS));
    private static final RoleTokenizer TOKENIZER = tokenizer(SITUATIONS);
    static final String PAPER = """
        decoder: {width: 32, input_scale: 1, positions: learned, positions_after_pad: false, max_length: 60, layers: 2, heads: 4,
          feed_forward: 64, activation: relu, pre_norm: false, final_norm: false, dropout: 0, attention_dropout: 0,
          activation_dropout: 0, bottleneck: 16, token_std: 0.02, position_std: 0.02, norm_epsilon: 1e-5}
        tokens: seen
        event_width: 32
        tuning: {batch: 8}
        """;

    @TempDir
    Path folder;

    private static RoleTokenizer tokenizer(List<Situation> situations) {
        List<Annotation> annotations = situations.stream().flatMap(each -> each.annotations().stream()).toList();
        return new RoleTokenizer(AddedTokens.of(VerbVocabulary.of(annotations)));
    }

    static RolesConfig config(String yaml) {
        return ConfigReader.parse("test", yaml, RolesConfig.class);
    }

    private static RoleNetwork network(Device device, RolesConfig config, List<Situation> clips, Map<String, HostArray> start) {
        return new RoleNetwork(device, Compilation.FP32, config, Optional.of(seen(config.eventWidth())), TOKENIZER, clips, start, SEED);
    }

    private static SeenEvents seen(int width) {
        return new SeenEvents(new EventEncoder(FEATURE, Optional.empty(), true, width), new DrawnFeatures(FEATURE));
    }

    private static RoleNetwork network(Device device, RolesConfig config) {
        return network(device, config, SITUATIONS, Map.of());
    }

    /** @return the last loss */
    private static double train(TaskNetwork<RolePrediction> network, int steps) {
        LearningRate rate = LearningRate.cosine(0.006, 0, steps);
        double loss = 0;
        for (int step = 0; step < steps; step++) {
            loss = network.train(step, rate.at(step)).get(Metrics.LOSS);
        }
        return loss;
    }

    private static List<RolePrediction> said(List<Situation> clips) {
        return clips.stream().map(clip -> new RolePrediction(clip.index(),
            clip.annotations().get(0).events().stream().map(RoleNetworkTest::texts).toList())).toList();
    }

    private static RolePrediction.Texts texts(Event event) {
        Map<String, String> roles = new LinkedHashMap<>();
        event.roles().forEach(role -> roles.put(role.code().code(), role.text()));
        return new RolePrediction.Texts(Optional.of(event.verbId()), roles);
    }

    private static Map<String, HostArray> own(RoleNetwork network) {
        Map<String, HostArray> own = new HashMap<>();
        network.weights().names().stream().filter(TaskNetwork::isOwn).forEach(name -> own.put(name, network.weights().get(name)));
        return own;
    }

    @Test
    void writesTheRolesItLearned() {
        try (Device device = Device.open("cpu", 1); RoleNetwork network = network(device, config(PAPER))) {
            double loss = train(network, 150);
            assertTrue(loss < 0.05, "loss at the end: " + loss);
            List<RolePrediction> written = network.predict(SITUATIONS);
            assertEquals(said(SITUATIONS), written);
            Scoring scoring = new Scoring(Split.VALID, SITUATIONS);
            Scores scores = TaskForm.ROLES.score(scoring, written);
            assertEquals(scoring.roles(Predictions.ofRoles(said(SITUATIONS))), scores);
            assertEquals(1, scores.get(Scores.ROUGE_L), 1e-9);
            assertEquals(1, scores.get(Scores.LEA), 1e-9);
            assertEquals(written.subList(5, 6), network.predict(SITUATIONS.subList(5, 6)), "no other clip changes it");
            List<Situation> asked = SITUATIONS.stream().map(RoleNetworkTest::withoutRoles).toList();
            assertEquals(written, network.predict(asked), "nor do the roles that there are");
            RolesConfig beam = config(PAPER.replace("batch: 8", "batch: 3") + "decoding: {beam: 3}\n");
            try (RoleNetwork other = network(device, beam, SITUATIONS, own(network))) {
                assertEquals(written, other.predict(SITUATIONS), "by beam search, in batches of which the last is not full");
            }
        }
    }

    /** As a test set has it: verbs are there. */
    private static Situation withoutRoles(Situation clip) {
        Annotation given = clip.annotations().get(0);
        return new Situation(clip.index(), clip.clip(), List.of(), List.of(new Annotation(clip.clip(), given.events().stream()
            .map(event -> new Event(event.verb(), event.verbId(), List.of(), Optional.empty())).toList())));
    }

    /** The toolkit's quirks: decoding starts from the end token, with which no text began in training. */
    @Test
    void toolkitsDecoderWrites() {
        String toolkit = PAPER.replace("input_scale: 1", "input_scale: 5.7").replace("learned", "sinusoid").replace("after_pad: false",
            "after_pad: true").replace("max_length: 60", "max_length: 71").replace("token_std: 0.02", "token_std: 1");
        RolesConfig config = config(toolkit + "decoding: {max_tokens: 70, start: eos, spaces: cleaned_up}\n");
        try (Device device = Device.open("cpu", 1); RoleNetwork network = network(device, config)) {
            train(network, 150);
            List<RolePrediction> written = network.predict(SITUATIONS);
            for (int clip = 0; clip < CLIPS; clip++) {
                for (int event = 0; event < 5; event++) {
                    String verb = SITUATIONS.get(clip).annotations().get(0).events().get(event).verbId();
                    // what follows may not even be a space: no text in training had anything before the verb
                    String text = written.get(clip).events().get(event).verb().orElseThrow();
                    assertTrue(text.startsWith(verb), () -> text + " for " + verb);
                }
            }
            assertEquals(written, network.predict(SITUATIONS));
            try (RoleNetwork prompted = network(device, config(toolkit), SITUATIONS, own(network))) {
                assertEquals(said(SITUATIONS), prompted.predict(SITUATIONS), "read from the verb on, as they were taught");
            }
        }
    }

    /** One clip with its texts cut, since every token of GPT-2 costs time. */
    @Test
    void allTokensGiveTheTextsThatSeenOnesGive() {
        String yaml = PAPER.replace("batch: 8", "batch: 1") + "length: 11\n";
        List<Situation> one = SITUATIONS.subList(2, 3);
        List<Event> events = one.get(0).annotations().get(0).events();
        List<String> cut = events.stream().map(event -> TOKENIZER.decode(RoleSequence.of(event, TOKENIZER, 11), Spaces.KEPT)).toList();
        try (Device device = Device.open("cpu", 1); RoleNetwork seen = network(device, config(yaml), one, Map.of());
                RoleNetwork all = network(device, config(yaml.replace("seen", "all")), one, Map.of())) {
            train(seen, 60);
            train(all, 60);
            assertEquals(TOKENIZER.size(), all.weights().type("text.tokens.weight").shape().dim(0));
            assertTrue(seen.weights().type("text.tokens.weight").shape().dim(0) < 60);
            assertEquals(cut, all.predict(one).get(0).events().stream().map(RoleNetworkTest::text).toList());
            assertEquals(all.predict(one), seen.predict(one));
        }
    }

    /** The text that was read as these. */
    private static String text(RolePrediction.Texts texts) {
        StringBuilder text = new StringBuilder(texts.verb().orElseThrow());
        texts.roles().forEach((role, said) -> text.append(" <").append(role).append("> ").append(said));
        return text.toString();
    }

    @Test
    void languageModelLearnsWhatVerbsSay() {
        List<Situation> clips = List.of(told(0, "a", "b", "c", "d", "e"), told(1, "f", "g", "h", "i", "j"));
        RolesConfig config = config("""
            language_model: {network: {width: 32, max_length: 60, layers: 2, heads: 2, feed_forward: 64, dropout: 0, attention_dropout: 0,
              initial_std: 0.1}}
            tokens: seen
            tuning: {batch: 2}
            """);
        assertTrue(!config.sees());
        try (Device device = Device.open("cpu", 1); RoleNetwork network = new RoleNetwork(device, Compilation.FP32, config,
                Optional.empty(), tokenizer(clips), clips, Map.of(), SEED)) {
            double loss = train(network, 200);
            assertTrue(loss < 0.05, "loss at the end: " + loss);
            assertEquals(said(clips), network.predict(clips));
            assertEquals(said(clips).subList(1, 2), network.predict(clips.subList(1, 2)));
        }
    }

    @Test
    void languageModelStartsFromImportedWeights() {
        Path file = folder.resolve("model.safetensors");
        new SmallGpt2(100, 12, 64, 1, 32).write(file);
        RolesConfig config = config("language_model: {weights: '" + file + "'}\nlength: 11\ndecoding: {max_tokens: 12}\n"
            + "tuning: {batch: 1}\n");
        List<Situation> one = SITUATIONS.subList(2, 3);
        try (Device device = Device.open("cpu", 1); RoleNetwork network = new RoleNetwork(device, Compilation.FP32, config,
                Optional.empty(), TOKENIZER, one, Map.of(), SEED); Safetensors stored = Safetensors.open(file)) {
            HostArray tokens = network.weights().get("text.tokens.weight");
            assertEquals(Shape.of(TOKENIZER.size(), 64), tokens.shape());
            HostArray known = stored.read("wte.weight");
            assertArrayEquals(known.toFloats(), Arrays.copyOf(tokens.toFloats(), known.elements()));
            assertTrue(Double.isFinite(train(network, 1)));
            assertEquals(1, network.predict(one).size());
        }
    }

    /** A clip whose events say different things by their verbs. */
    private static Situation told(int index, String... verbs) {
        Clip clip = Clip.parse("v_told_seg_" + 10 * index + "_" + (10 * index + 10));
        List<Event> events = Arrays.stream(verbs).map(verb -> new Event(verb, verb + ".01", List.of(
            Role.of("Arg0 (who)", "the one who " + verb + "s"), Role.of("Scene of the Event", "place number " + (int) verb.charAt(0))),
            Optional.empty())).toList();
        return new Situation(index, clip, List.of(), List.of(new Annotation(clip, events)));
    }

    @Test
    void contextualizerIsTrainedUnlessItIsNotTo() {
        ContextualizerConfig context = ContextualizerConfig.TXE.withSizes(FEATURE, 32, 1, 2, 32, 5);
        for (boolean trained : new boolean[] {true, false}) {
            SeenEvents seen = new SeenEvents(new EventEncoder(FEATURE, Optional.of(context), trained, 0), new DrawnFeatures(FEATURE));
            try (Device device = Device.open("cpu", 1); RoleNetwork network = new RoleNetwork(device, Compilation.FP32, config(PAPER),
                    Optional.of(seen), TOKENIZER, SITUATIONS, Map.of(), SEED)) {
                Map<String, HostArray> before = own(network);
                train(network, 1);
                Map<String, HostArray> after = own(network);
                assertTrue(before.keySet().stream().anyMatch(name -> name.startsWith("contextualizer.")), before.keySet()::toString);
                before.forEach((name, array) -> {
                    boolean same = array.buffer().equals(after.get(name).buffer());
                    assertEquals(name.startsWith("contextualizer.") && !trained, same, name);
                });
            }
        }
    }

    @Test
    void verbsThatWereNeverSeenAreStillTheOnesAskedFor() {
        Event event = SITUATIONS.get(0).annotations().get(0).events().get(0);
        Event other = new Event("zap", "zap.01", event.roles(), Optional.empty());
        Clip clip = SITUATIONS.get(0).clip();
        Situation asked = new Situation(0, clip, List.of(), List.of(new Annotation(clip, Collections.nCopies(5, other))));
        List<Situation> with = new ArrayList<>(SITUATIONS);
        with.add(asked);
        RoleTexts texts = new RoleTexts(tokenizer(with), config(PAPER), SITUATIONS);
        TokenTable tokens = texts.tokens();
        List<int[]> prompts = texts.prompts(List.of(asked));
        assertArrayEquals(new int[] {tokens.size() - 2}, prompts.get(0));
        assertEquals(tokens.size() - 1, tokens.pad());
        List<List<Integer>> written = Collections.nCopies(5, Arrays.stream(texts.of(0).get(0)).boxed().toList());
        RolePrediction read = texts.read(asked, written);
        assertEquals(new RolePrediction.Texts(Optional.of("zap.01"), texts(event).roles()), read.events().get(0));
        // of a verb that the dataset's vocabulary lacks, the first piece is asked with, as in the toolkit: this one alone is no verb
        assertEquals(Optional.empty(), new RoleTexts(TOKENIZER, config(PAPER), SITUATIONS).read(asked, written).events().get(0).verb());
    }

    /** So that logits are computed of no more places than some step needs. */
    @Test
    void mostThatIsAskedForIsKnownBefore() {
        RoleTexts texts = new RoleTexts(TOKENIZER, config(PAPER), SITUATIONS);
        int[] each = IntStream.range(0, CLIPS).map(clip -> texts.asked(clip)).toArray();
        assertEquals(texts.of(0).stream().mapToInt(text -> text.length - 1).sum(), each[0]);
        try (Device device = Device.open("cpu", 1); RoleNetwork all = network(device, config(PAPER));
                RoleNetwork one = network(device, config(PAPER.replace("batch: 8", "batch: 1")))) {
            assertEquals(Arrays.stream(each).sum(), all.mostAsked());
            assertEquals(Arrays.stream(each).max().orElseThrow(), one.mostAsked());
        }
    }

    private static String refused(Executable executable) {
        return assertThrows(KinemaException.class, executable).getMessage();
    }

    private static void assertSays(String part, String message) {
        assertTrue(message.contains(part), message);
    }

    @Test
    void badInputIsNamed() {
        try (Device device = Device.open("cpu", 1)) {
            assertSays("has width 32, and events come to it with 24: set event_width to 32",
                refused(() -> network(device, config(PAPER.replace("event_width: 32", "event_width: 0")))));
        }
        Situation silent = new Situation(0, SITUATIONS.get(0).clip(), List.of(), List.of());
        RoleTexts texts = new RoleTexts(TOKENIZER, config(PAPER), SITUATIONS);
        assertSays("v_Story0_seg_0_10 has no annotation", refused(() -> texts.prompts(List.of(silent))));
        for (String bad : List.of("a <pad> man", "\uD83D man")) {
            Situation clip = told(4, "a", "b", "c", bad, "e");
            String message = refused(() -> new RoleTexts(TOKENIZER, config(PAPER), List.of(clip)));
            assertSays("clip v_told_seg_40_50, event 4", message);
        }
    }

    private TrainingLoop.Outcome run(Device device, String name, long interruptedAfter) {
        RolesConfig config = config(PAPER.replace("dropout: 0,", "dropout: 0.1,").replace("batch: 8", "batch: 3, epochs: 3"));
        Progress progress = new Progress() {
            @Override
            public void step(long done, long steps, Metrics metrics, double rate, double secondsLeft) {
                if (done == interruptedAfter) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void note(String message) {
            }
        };
        List<Situation> valid = SITUATIONS.subList(0, 2);
        try (RunFolder run = RunFolder.open(folder.resolve(name), "roles", Environment.here("cpu", 1, List.of("test")))) {
            return TrainingLoop.run(checked -> new TaskTraining<>(network(device, config), TaskForm.ROLES, config.tuning(),
                new Scoring(Split.VALID, valid), valid, new BestEpoch(run.path())), run, new LoopSettings(0, 0, 1, 1), progress);
        }
    }

    private static Map<String, Object> state(Path checkpoint) {
        Map<String, Object> state = new TreeMap<>();
        try (Safetensors file = Safetensors.open(checkpoint)) {
            file.names().forEach(name -> state.put(name, file.read(name).buffer()));
            file.metadata().forEach(state::put);
        }
        state.keySet().removeAll(List.of("run.seconds", "run.log_bytes", "run.crc32c"));
        return state;
    }

    @Test
    void interruptedTrainingEndsAsThatWhichWasNot() {
        try (Device device = Device.open("cpu", 1)) {
            Path whole = run(device, "whole", -1).checkpoint();
            assertThrows(KinemaException.class, () -> run(device, "parted", 3));
            assertTrue(Thread.interrupted());
            TrainingLoop.Outcome parted = run(device, "parted", -1);
            assertEquals(3, parted.resumedFrom());
            assertEquals(6, parted.steps());
            Map<String, Object> expected = state(whole);
            assertTrue(expected.containsKey("text.tokens.weight") && expected.containsKey("rng"), expected.keySet()::toString);
            assertEquals(expected, state(parted.checkpoint()));
        }
    }
}
