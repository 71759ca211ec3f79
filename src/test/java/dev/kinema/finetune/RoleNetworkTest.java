package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small decoders that learn generated clips by heart. */
class RoleNetworkTest {
    private static final int CLIPS = 8;
    private static final int FEATURE = 24;
    private static final long SEED = 3;
    /** Eight clips where all annotators say the same. */
    private static final List<Situation> SITUATIONS = StoryFiles.agreed(StoryFiles.situations(CLIPS));
    private static final RoleTokenizer TOKENIZER = tokenizer(SITUATIONS);
    private static final String PAPER = """
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
        return new RoleTokenizer(AddedTokens.of(VerbVocabulary.of(situations.stream().flatMap(each -> each.annotations().stream()).toList())));
    }

    private static RolesConfig config(String yaml) {
        return ConfigReader.parse("test", yaml, RolesConfig.class);
    }

    private static RoleNetwork network(Device device, RolesConfig config, List<Situation> clips, Map<String, HostArray> start) {
        SeenEvents seen = new SeenEvents(new EventEncoder(FEATURE, Optional.empty(), true, config.eventWidth()), new DrawnFeatures(FEATURE));
        return new RoleNetwork(device, Compilation.FP32, config, seen, TOKENIZER, clips, start, SEED);
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
            // which clips are written together changes nothing, and what other annotators say is not looked at
            assertEquals(written.subList(5, 6), network.predict(SITUATIONS.subList(5, 6)));
        }
    }
}
