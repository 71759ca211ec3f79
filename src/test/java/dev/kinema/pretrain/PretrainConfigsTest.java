package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.config.ConfigWriter;
import dev.kinema.data.Augmentation;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.graph.Philox;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.ProjectionHead;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.LearningRate;
import dev.kinema.run.Metrics;
import dev.kinema.run.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of {@code configs/pretrain}: each can be read, is written and read as the same, and trains, made small, in every stage. */
class PretrainConfigsTest {
    private static final Path FOLDER = Path.of("configs/pretrain");
    private static final Path PARTS = FOLDER.resolve("parts");
    private static final int KINETICS_400 = 240_000;

    @TempDir
    private static Path folder;
    private static SmallRuns small;

    @BeforeAll
    static void films() {
        small = SmallRuns.in(folder);
    }

    private static List<Path> yaml(Path under) throws IOException {
        try (Stream<Path> found = Files.walk(under)) {
            return found.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
        }
    }

    static List<Path> runs() throws IOException {
        return yaml(FOLDER).stream().filter(file -> !file.startsWith(PARTS)).toList();
    }

    private static PretrainConfig read(String run) {
        return ConfigReader.read(FOLDER.resolve(run), PretrainConfig.class);
    }

    private static String name(Path file) {
        return file.getFileName().toString().replace(".yaml", "");
    }

    private static BackboneConfig.Phase first(String run) {
        return read(run).backbone().orElseThrow().first();
    }

    private static MaskPredictionConfig third(String run) {
        return read(run).contextualizer().orElseThrow();
    }

    @Test
    void everyRowIsThere() throws IOException {
        assertTrue(runs().size() >= 17, runs().toString());
    }

    @ParameterizedTest
    @MethodSource("runs")
    void isReadWrittenAndReadAgain(Path file) {
        PretrainConfig config = ConfigReader.read(file, PretrainConfig.class);
        assertEquals(config, ConfigReader.parse("written", ConfigWriter.write(config), PretrainConfig.class));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trainsAStepOfEveryStageAtReducedSize(Path file) {
        PretrainConfig config = ConfigReader.read(file, PretrainConfig.class);
        try (Device device = Device.open("cpu")) {
            config.backbone().ifPresent(full -> {
                BackboneConfig backbone = small.backbone(full);
                Stream.concat(Stream.of(backbone.first()), backbone.further().stream()).forEach(phase -> {
                    Metrics metrics = step(new BackboneTraining(device, Compilation.FP32, backbone, phase, phase.films().read(),
                        config.seed(), Map.of(), note -> { }));
                    boolean classifies = phase.objective().kind() == BackboneConfig.ObjectiveKind.SUPERVISED;
                    assertTrue(phase.test().everyEpochs() == 0 || phase.validation().isEmpty()
                        || metrics.values().containsKey(classifies ? "test_top5" : "knn_top1"), metrics.toString());
                });
            });
            config.contextualizer().ifPresent(full -> {
                MaskPredictionConfig contextualizer = SmallRuns.contextualizer(full);
                step(new MaskPredictionTraining(device, Compilation.FP32, contextualizer,
                    new EventWindows(small.store(config), contextualizer.window(), config.seed()), "any", config.seed()));
            });
        }
    }

    private static Metrics step(Training training) {
        try (training) {
            assertEquals(1, training.steps());
            Metrics metrics = training.step(0);
            metrics.values().forEach((name, value) -> assertTrue(Double.isFinite(value), () -> name + " of " + metrics));
            assertTrue(metrics.values().get(Metrics.GRADIENT_NORM) > 0, metrics.toString());
            return metrics;
        }
    }

    /** What a run takes from another run is made by that run, in the folder that it has unless --out is given. */
    @Test
    void resultsOfOtherRunsAreMadeByThem() throws IOException {
        Map<String, PretrainConfig> byName = runs().stream()
            .collect(Collectors.toMap(PretrainConfigsTest::name, file -> ConfigReader.read(file, PretrainConfig.class)));
        int links = 0;
        for (PretrainConfig config : byName.values()) {
            List<Path> results = Stream.of(config.weights(), config.store()).flatMap(Optional::stream).filter(p -> p.startsWith("runs")).toList();
            for (Path taken : results) {
                PretrainConfig maker = byName.get(taken.getName(1).toString());
                String stage = taken.getName(2).toString();
                assertTrue(maker != null && switch (stage) {
                    case "backbone" -> maker.backbone().isPresent() && taken.endsWith("weights.safetensors");
                    case "backbone-further" -> maker.backbone().orElseThrow().further().isPresent()
                        && taken.endsWith("weights.safetensors");
                    case "features" -> maker.features().isPresent() && taken.getNameCount() == 3;
                    default -> false;
                }, taken.toString());
                links++;
            }
        }
        assertTrue(links >= 10, "links: " + links);
    }

    /** The first phase of one run can be copied into the other's folder, as configs/README.md says. */
    @Test
    void bothRunsOfCvrlBeginAlike() {
        BackboneConfig alone = read("table1/cvrl-k400.yaml").backbone().orElseThrow();
        BackboneConfig both = read("table1/cvrl-k400-vidsitu.yaml").backbone().orElseThrow();
        assertEquals(alone.first(), both.first());
        assertEquals(alone.network(), both.network());
        assertEquals(400, both.first().epochs());
        assertEquals(200, both.further().orElseThrow().epochs());
        assertTrue(alone.further().isEmpty());
    }

    @Test
    void everyFileIsDescribedAndEveryPartUsed() throws IOException {
        String readme = Files.readString(Path.of("configs/README.md"));
        for (Path file : runs().stream().filter(run -> run.getParent().getFileName().toString().startsWith("table")).toList()) {
            String path = FOLDER.relativize(file).toString().replace('\\', '/');
            assertTrue(readme.contains("`" + path + "`"), "configs/README.md does not name " + path);
        }
        StringBuilder all = new StringBuilder();
        for (Path file : yaml(FOLDER)) {
            all.append(Files.readString(file));
        }
        for (Path part : yaml(PARTS)) {
            String name = Pattern.quote(part.getFileName().toString());
            assertTrue(Pattern.compile("extends: (\\.\\./parts/)?" + name).matcher(all).find(), part + " is used by nothing");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cvrl", "moco", "supervised"})
    void augmentationsAreThoseOfTheSources(String name) {
        Augmentation constant = switch (name) {
            case "cvrl" -> Augmentation.CVRL;
            case "moco" -> Augmentation.MOCO;
            default -> Augmentation.SUPERVISED;
        };
        assertEquals(constant, ConfigReader.read(PARTS.resolve("augmentation-" + name + ".yaml"), Augmentation.class));
    }

    /** Mistakes that are about later stages, too, are found when the file is read, and not when days of training are over. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "backbone: {further: {epochs: 4}} | backbone.further: warm_up_epochs is 5.0, but training lasts 4.0 epochs: lower it",
        "backbone: {further: {augmentation: {size: 112}}} | further: its augmentation has size 112, but network.clip has crop 224",
        "backbone: {further: {objective: {kind: supervised}}} | kind is supervised, but the network has 0 classes: set network.head.classes",
        "backbone: {further: {objective: {kind: moko}}} | backbone.further.objective.kind: is \"moko\" (did you mean moco?)",
        "backbone: {further: {micro_batch: 48}} | micro_batch is 48, which does not divide batch, 1024",
        "backbone: {further: {test: {temperature: 0}}} | backbone.further.test: temperature is 0.0: it must be above 0",
        "backbone: {further: {optimizer: {warmup_epochs: 5}}} | backbone.further.optimizer.warmup_epochs: unknown key",
        "features: {hop: 0} | features: hop is 0.0: it must be a number of seconds above 0",
        "features: {hop: 0.8} | window with a stride of 2.0 s, but features has a hop of 0.8 s: choose a stride that is a multiple",
        "contextualizer: {epochs: 4} | contextualizer: warm_up_epochs is 5.0, but training lasts 4.0 epochs: lower it",
        "contextualizer: {network: {input_width: 512}} | input_width 512, but the backbone's features have width 2048: set input_width to 2048",
        "contextualizer: {window: {tokens: 6}} | tokens is 6, but network has max_length 5: raise max_length",
        "contextualizer: {masks: {sizes: [6]}} | mask sizes [6] for sequences of 5 events",
        "contextualizer: {objective: {queue: 512}} | queue is 512, but a batch enqueues up to",
        "weights: w | weights and backbone are both given"})
    void mistakesAreFoundBeforeAnythingIsTrained(String line, String said) throws IOException {
        Path run = FOLDER.resolve("table1/cvrl-k400-vidsitu.yaml").toAbsolutePath();
        Path file = Files.writeString(folder.resolve("wrong.yaml"), "extends: " + run + "\n" + line + "\n");
        String message = assertThrows(KinemaException.class, () -> ConfigReader.read(file, PretrainConfig.class)).getMessage();
        assertTrue(message.contains(said) && message.contains(".yaml:"), message);
    }

    @Test
    void aListThatALaterStageNeedsIsMissedAtOnce() throws IOException {
        Path run = FOLDER.resolve("table1/cvrl-k400.yaml").toAbsolutePath();
        Path list = Files.writeString(folder.resolve("list.csv"), "film.mp4 0\n");
        Path file = Files.writeString(folder.resolve("unlisted.yaml"), "extends: " + run + "\nbackbone: {first: {films: {list: " + list
            + "}, batch: 1, micro_batch: 1, validation: {list: " + list + "}}}\nfeatures: {films: {list: absent.csv}}\n");
        PretrainConfig config = ConfigReader.read(file, PretrainConfig.class);
        Path out = folder.resolve("never");
        String message = assertThrows(KinemaException.class, () -> Pretraining.run(config, out, List.of(), null)).getMessage();
        assertTrue(message.contains("no film list or folder 'absent.csv'"), message);
        assertFalse(Files.exists(out));
        PretrainConfig few = ConfigReader.read(Files.writeString(file, "extends: " + run + "\nbackbone: {first: {films: {list: " + list
            + "}}}\n"), PretrainConfig.class);
        message = assertThrows(KinemaException.class, () -> Pretraining.run(few, out, List.of(), null)).getMessage();
        assertTrue(message.contains("list.csv names 1 films, fewer than the 1024 of a batch"), message);
    }

    @Test
    void networksAreThoseOfThePaper() {
        SlowConfig contrastive = read("table1/cvrl-k400.yaml").backbone().orElseThrow().network().config();
        SlowConfig.Head none = new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 0, 0);
        assertEquals(SlowConfig.SLOW_D_R50.withHead(none).withZeroInitFinalNorm(false), contrastive);
        assertEquals(SlowConfig.SLOW_D_R50, read("table1/sup-k400.yaml").backbone().orElseThrow().network().config());
        assertEquals(ContextualizerConfig.TXE, third("table2/vidsitu.yaml").network());
        assertEquals(ProjectionHead.CVRL, first("table1/cvrl-k400.yaml").objective().head().orElseThrow().of());
        assertEquals(ProjectionHead.MOCO, first("table1/moco-k400.yaml").objective().head().orElseThrow().of());
    }

    /** PySlowFast's rates, to the digits at which they were noted down when its own code was run. */
    @Test
    void ratesAreThoseOfPySlowFast() {
        assertRates(first("table1/moco-k400.yaml"), 200, Map.of(0.0, .001, 1.0, .003618057, 10.0, .027180574, 17.5, .046816004,
            35.0, .092632008, 100.0, .05, 199.0, 6.168e-6));
        assertRates(first("table1/sup-k400.yaml"), 196, Map.of(0.0, .01, 1.0, .012434033, 10.0, .034340335, 17.0, .051378569,
            34.0, .092757138, 98.0, .05, 195.0, 6.423e-6));
    }

    private static void assertRates(BackboneConfig.Phase phase, int epochs, Map<Double, Double> golden) {
        assertEquals(epochs, phase.epochs());
        LearningRate rate = phase.optimizer().rate(phase.epochs());
        golden.forEach((epoch, value) -> assertEquals(value, rate.at(epoch), 1e-9, "epoch " + epoch));
    }

    @Test
    void cvrlTakesTheStepsOfItsRelease() {
        BackboneConfig.Phase phase = first("table1/cvrl-k400.yaml");
        // released for Kinetics-600: 366,016 films, 71,488 steps in 200 epochs, 1,787 of them warm-up; a step is the rounding
        assertEquals(71_488, 366_016.0 / phase.batch() * 200, 1);
        assertEquals(1_787, 366_016.0 / phase.batch() * phase.optimizer().warmUpEpochs(), 1);
        assertEquals(234, KINETICS_400 / phase.batch());
        LearningRate rate = phase.optimizer().rate(400);
        assertEquals(0, rate.at(0));
        assertEquals(0.32 * (Math.cos(Math.PI * 5 / 400) + 1) / 2, rate.at(5), 1e-12);
        assertEquals(0.16, rate.at(200), 1e-12);
        assertEquals(0, rate.at(400), 1e-12);
        // 64 films of PySlowFast's 239,975 are its 3,749 iterations of an epoch
        assertEquals(3749, 239_975 / first("table1/moco-k400.yaml").batch());
    }

    @Test
    void masksAreThoseOfTheRows() {
        assertEquals(List.of(1, 2, 3), MaskSampler.upTo(third("table2/vidsitu.yaml").masks().share(), 5));
        assertEquals(third("table2/vidsitu.yaml").window(), third("table2/masks-1-2-3.yaml").window());
        assertEquals(Optional.of(List.of(1)), third("table2/masks-1.yaml").masks().sizes());
        assertEquals(Optional.of(List.of(1, 2)), third("table2/masks-1-2.yaml").masks().sizes());
        assertEquals(Optional.of(List.of(1, 2, 3)), third("table2/masks-1-2-3.yaml").masks().sizes());
        assertEquals(Optional.of(List.of(1, 2, 3, 4)), third("table2/masks-1-2-3-4.yaml").masks().sizes());
        assertEquals(MaskPredictionConfig.LossName.L2, third("table2/loss-l2.yaml").objective().loss());
        assertEquals(MaskPredictionConfig.Place.MAX_DISCREPANCY, third("table2/place-max-discrepancy.yaml").masks().place());
        MaskPredictionConfig config = third("table2/vidsitu.yaml");
        int hidden = Arrays.stream(config.masks().sampler(5).sizes(config.batch(), new Philox(1, 0, 0))).sum();
        // 170 of each size, and two more of any
        assertEquals(1024, hidden, 2);
    }

    /** A row differs from what it is held against in what it is about, and in nothing else. */
    @Test
    void aRowVariesOneThing() {
        MaskPredictionConfig base = third("table2/vidsitu.yaml");
        assertEquals(base, third("table1/cvrl-k400-vidsitu.yaml"));
        for (String row : List.of("masks-1", "masks-1-2", "masks-1-2-3", "masks-1-2-3-4", "place-max-discrepancy", "loss-l2")) {
            MaskPredictionConfig other = third("table2/" + row + ".yaml");
            assertEquals(row.startsWith("loss"), !other.objective().equals(base.objective()), row);
            assertEquals(!row.startsWith("loss"), !other.masks().equals(base.masks()), row);
            assertEquals(base, new MaskPredictionConfig(other.network(), other.window(), base.masks(), base.objective(), other.optimizer(),
                other.epochs(), other.batch()), row);
        }
        MaskPredictionConfig lvu = third("table2/lvu.yaml");
        assertEquals(1000, lvu.epochs());
        assertEquals(lvu, third("table2/stride-2s.yaml"));
        assertEquals(1, third("table2/stride-1s.yaml").window().stride());
        assertEquals(3, third("table2/stride-3s.yaml").window().stride());
        assertFalse(read("table2/stride-3s.yaml").store().orElseThrow().toString().contains("vidsitu"));
    }
}
