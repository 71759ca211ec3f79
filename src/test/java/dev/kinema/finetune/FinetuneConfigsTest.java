package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.config.ConfigReader;
import dev.kinema.config.ConfigWriter;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.optim.LearningRate;
import dev.kinema.pretrain.PretrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The files of {@code configs/vidsitu}: each can be read, is written and read as the same, has its own row, and takes what is made. */
class FinetuneConfigsTest {
    private static final Path FOLDER = Path.of("configs/vidsitu");
    private static final Path PARTS = FOLDER.resolve("parts");
    private static final Path PRETRAIN = Path.of("configs/pretrain");

    private static List<Path> yaml(Path under) throws IOException {
        try (Stream<Path> found = Files.walk(under)) {
            return found.filter(file -> file.toString().endsWith(".yaml") && !file.toString().contains("parts")).sorted().toList();
        }
    }

    static List<Path> runs() throws IOException {
        return yaml(FOLDER);
    }

    static List<Path> rows() throws IOException {
        return runs().stream().filter(file -> !file.getParent().equals(FOLDER)).toList();
    }

    private static FinetuneConfig read(Path file) {
        return ConfigReader.read(file, FinetuneConfig.class);
    }

    private static String name(Path file) {
        return file.getFileName().toString().replace(".yaml", "");
    }

    /** Runs of pretraining by the folder that they have under {@code runs} unless they are given another. */
    static Map<String, PretrainConfig> pretraining() throws IOException {
        return yaml(PRETRAIN).stream().collect(Collectors.toMap(FinetuneConfigsTest::name,
            file -> ConfigReader.read(file, PretrainConfig.class)));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void isReadWrittenAndReadAgain(Path file) {
        FinetuneConfig config = read(file);
        assertEquals(config, ConfigReader.parse("written", ConfigWriter.write(config), FinetuneConfig.class));
    }

    /** Names, too, of which the folders under {@code runs} are made, here and in pretraining. */
    @Test
    void rowsAndNamesAreUnique() throws IOException {
        Map<String, Path> rows = new HashMap<>();
        TreeSet<String> names = new TreeSet<>(pretraining().keySet());
        for (Path file : runs()) {
            Optional<TableRow> place = read(file).row();
            assertEquals(file.getParent().equals(FOLDER), place.isEmpty(), () -> file + ": rows are in the folders of their tables");
            if (place.isEmpty()) {
                continue;
            }
            TableRow row = place.get();
            for (int table : row.tables()) {
                Path before = rows.put(table + ": " + row.group() + ", " + row.name() + ", " + row.variant(), file);
                assertEquals(null, before, () -> file + " has the same row");
            }
            assertTrue(names.add(name(file)), () -> file + " has the name of another run");
        }
        assertEquals(17 + 1, rows.keySet().stream().filter(key -> key.startsWith("1:")).count(), "six backbones, and the toolkit");
        assertEquals(11, rows.keySet().stream().filter(key -> key.startsWith("2:")).count());
        assertEquals(6, rows.keySet().stream().filter(key -> key.startsWith("3:")).count());
        assertEquals(3 + 6, rows.keySet().stream().filter(key -> key.startsWith("4:")).count());
    }

    @ParameterizedTest
    @MethodSource("rows")
    void rowsAreThoseThatTablesPutInOrder(Path file) {
        TableRow row = read(file).row().orElseThrow();
        for (int table : row.tables()) {
            PaperTables.Form form = PaperTables.read().form(table).orElseThrow();
            assertTrue(form.names().contains(row.name()), row::toString);
            assertTrue(row.group().isEmpty() && form.groups().isEmpty() || form.groups().contains(row.group()), row::toString);
            assertTrue(row.variant().isEmpty() && form.variants().isEmpty() || form.variants().contains(row.variant()), row::toString);
        }
    }

    /** What is taken from a run of pretraining is made by it. */
    @Test
    void weightsAreMadeByRunsOfPretraining() throws IOException {
        Map<String, PretrainConfig> makers = pretraining();
        int links = 0;
        for (Path file : runs()) {
            FinetuneConfig config = read(file);
            List<Path> taken = Stream.of(config.backbone().flatMap(FinetuneConfig.BackboneStart::weights),
                config.contextualizer().flatMap(FinetuneConfig.ContextualizerStart::weights)).flatMap(Optional::stream)
                .filter(path -> path.startsWith("runs")).toList();
            for (Path path : taken) {
                PretrainConfig maker = makers.get(path.getName(1).toString());
                assertTrue(maker != null && path.endsWith("weights.safetensors") && switch (path.getName(2).toString()) {
                    case "backbone" -> maker.backbone().isPresent();
                    case "backbone-further" -> maker.backbone().orElseThrow().further().isPresent();
                    case "contextualizer" -> maker.contextualizer().isPresent();
                    default -> false;
                }, () -> file + " takes " + path);
                links++;
            }
        }
        assertEquals(3 * 3 + 5 + 2 * 11 + 3, links, "of Table 1 backbones and contextualizers, of Table 2 both, of Table 3 backbones");
    }

    /** A contextualizer stands on the backbone that it was pretrained with. */
    @Test
    void contextualizersStandOnTheirBackbones() throws IOException {
        Map<String, PretrainConfig> makers = pretraining();
        int pairs = 0;
        for (Path file : runs()) {
            FinetuneConfig config = read(file);
            Optional<Path> contextualizer = config.contextualizer().flatMap(FinetuneConfig.ContextualizerStart::weights);
            if (contextualizer.isPresent()) {
                String run = contextualizer.get().getName(1).toString();
                PretrainConfig maker = makers.get(run);
                Path made = maker.weights().orElseGet(() -> Path.of("runs", run,
                    maker.backbone().orElseThrow().further().isPresent() ? "backbone-further" : "backbone", "weights.safetensors"));
                assertEquals(made, config.backbone().orElseThrow().weights().orElseThrow(), file::toString);
                pairs++;
            }
        }
        assertEquals(5 + 11, pairs);
    }

    @Test
    void networksAndScheduleAreThoseOfTheSources() {
        FinetuneConfig drawn = read(FOLDER.resolve("table1/events-cvrl-k400-txe-drawn.yaml"));
        assertEquals(Optional.of(ContextualizerConfig.TXE), drawn.contextualizer().orElseThrow().network());
        ContextualizerConfig toolkit = ContextualizerConfig.TXE.withSizes(2048, 1024, 3, 8, 2048, 5)
            .withProjection(ContextualizerConfig.Projection.MLP).withPositions(ContextualizerConfig.Positions.SINUSOID, 32);
        assertEquals(Optional.of(toolkit),
            read(FOLDER.resolve("table4/roles-toolkit-txe.yaml")).contextualizer().orElseThrow().network());
        TuningSettings verbs = read(FOLDER.resolve("table3/verbs-random.yaml")).verbs().orElseThrow().tuning();
        assertEquals(8, verbs.batch());
        TuningSettings tuning = drawn.roles().orElseThrow().tuning();
        assertEquals(16, tuning.batch());
        for (TuningSettings each : List.of(tuning, verbs)) {
            assertEquals(10, each.epochs());
            LearningRate rate = each.optimizer().rate(each.epochs());
            assertEquals(1e-4, rate.at(0), 0);
            assertEquals(1e-4, rate.at(9.9), 0);
            assertEquals(List.of(0.9, 0.99, 0.0, 0.0), List.of(each.optimizer().beta1(), each.optimizer().beta2(),
                each.optimizer().weightDecay(), each.optimizer().clip()));
        }
        assertEquals(Optional.of(new RelationsConfig(0, 0, 1024, 4, tuning)), drawn.relations());
    }

    @Test
    void everyFileIsDescribedAndEveryPartUsed() throws IOException {
        String readme = Files.readString(Path.of("configs/README.md"));
        StringBuilder all = new StringBuilder();
        List<Path> files = new ArrayList<>(runs());
        for (Path file : files) {
            String path = FOLDER.relativize(file).toString().replace('\\', '/');
            assertTrue(readme.contains("`" + path + "`"), "configs/README.md does not name " + path);
        }
        try (Stream<Path> parts = Files.list(PARTS)) {
            files.addAll(parts.toList());
        }
        for (Path file : files) {
            all.append(Files.readString(file));
        }
        try (Stream<Path> parts = Files.list(PARTS)) {
            for (Path part : parts.toList()) {
                String name = Pattern.quote(part.getFileName().toString());
                assertTrue(Pattern.compile("extends: (\\.\\./parts/)?" + name).matcher(all).find(), part + " is used by nothing");
            }
        }
    }
}
