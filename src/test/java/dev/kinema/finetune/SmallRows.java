package dev.kinema.finetune;

import dev.kinema.checkpoint.Npy;
import dev.kinema.config.ConfigReader;
import dev.kinema.device.HostArray;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.embed.NetworkDescription;
import dev.kinema.embed.SmallGpt2;
import dev.kinema.graph.DType;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.model.SlowConfig;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Rows of {@code configs/vidsitu} in small: files that extend them and say other sizes, and what these name: clips, weights, features. */
final class SmallRows {
    static final int BATCH = 2;
    private static final int WIDTH = 32;
    private static final String HEADLESS = "table1/events-random-txe-drawn.yaml";

    private final Path folder;
    private final VidSituDataset dataset;

    private SmallRows(Path folder) {
        this.folder = folder;
        dataset = SmallEvents.dataset(folder.resolve("data"), BATCH, 1);
    }

    /** @param rows the folder of the rows */
    static SmallRows in(Path folder, Path rows) throws IOException {
        SmallRows small = new SmallRows(folder);
        // what other rows take from a run of pretraining is of the networks that this one draws
        FinetuneConfig drawn = small.reduced(rows.resolve(HEADLESS));
        SlowConfig backbone = drawn.backbone().orElseThrow().network().orElseThrow().config();
        BackboneWeights.random(backbone, 4).write(small.backbone(), 4, 0);
        ContextualizerWeights.random(drawn.contextualizer().orElseThrow().network().orElseThrow(), 4)
            .write(small.contextualizer(), backbone.clip(), 4, 0);
        new SmallGpt2(50, 64, 64, 1, 64).write(small.languageModel());
        small.writeFeatures(backbone.featureWidth());
        return small;
    }

    private Path backbone() {
        return folder.resolve("backbone.safetensors");
    }

    private Path contextualizer() {
        return folder.resolve("contextualizer.safetensors");
    }

    private Path languageModel() {
        return folder.resolve("model.safetensors");
    }

    private Path features() {
        return folder.resolve("features");
    }

    /** The row with small sizes, and all else as it stands there. */
    FinetuneConfig reduced(Path row) throws IOException {
        FinetuneConfig full = ConfigReader.read(row, FinetuneConfig.class);
        List<String> lines = new ArrayList<>();
        lines.add("extends: " + quoted(row.toAbsolutePath()));
        lines.add("precision: fp32");
        lines.add("dataset: {folder: " + quoted(dataset.layout().root()) + ", leave_out: [], threads: 1, prefetch: 1}");
        full.features().ifPresent(given -> lines.add("features: " + quoted(features())));
        full.backbone().ifPresent(start -> lines.add("backbone: " + start.network().map(SmallRows::sizes)
            .orElse("{weights: " + quoted(backbone()) + "}")));
        full.contextualizer().ifPresent(start -> lines.add("contextualizer: " + (start.network().isPresent()
            ? "{network: {input_width: " + featureWidth() + ", width: " + WIDTH + ", layers: 1, feed_forward: 32}}"
            : "{weights: " + quoted(contextualizer()) + "}")));
        full.verbs().ifPresent(settings -> lines.add("verbs: {tuning: {batch: " + BATCH + "}}"));
        full.roles().ifPresent(settings -> lines.add("roles: " + sizes(settings)));
        full.relations().ifPresent(settings -> lines.add("relations: {event_width: " + Math.min(settings.eventWidth(), WIDTH)
            + ", fused_width: " + Math.min(settings.fusedWidth(), WIDTH) + ", hidden: 8, tuning: {batch: " + BATCH + "}}"));
        Path file = Files.writeString(folder.resolve("row.yaml"), String.join("\n", lines) + "\n");
        return ConfigReader.read(file, FinetuneConfig.class);
    }

    private static String quoted(Path path) {
        return "'" + path + "'";
    }

    /** Four channels, and a block of each stage: four stages make 32 times as many channels. */
    private static String sizes(NetworkDescription.Backbone network) {
        String stages = network.stages().stream().map(stage -> "{blocks: 1, temporal_kernel: " + stage.temporalKernel()
            + ", spatial_stride: " + stage.spatialStride() + "}").collect(Collectors.joining(", "));
        return "{network: {width: 4, stages: [" + stages + "], clip: {frames: 4, crop: 32, sampling_rate: 14}}}";
    }

    private static int featureWidth() {
        return 4 * 32;
    }

    private String sizes(RolesConfig roles) {
        String text = "length: 16, decoding: {max_tokens: 15}, tuning: {batch: " + BATCH + "}";
        if (roles.languageModel().isPresent()) {
            return "{" + text + ", language_model: {weights: " + quoted(languageModel()) + "}}";
        }
        return "{" + text + ", tokens: seen, event_width: " + Math.min(roles.eventWidth(), WIDTH) + ", decoder: {width: " + WIDTH
            + ", layers: 1, feed_forward: 32, bottleneck: 8}}";
    }

    private static HostArray drawn(String name, Shape shape) {
        HostArray array = HostArray.allocate(DType.F32, shape);
        Philox random = Philox.named(7, name);
        for (int i = 0; i < array.elements(); i++) {
            array.set(i, 0.1 * random.normal(i));
        }
        return array;
    }

    /** As the toolkit's authors give them, a file for each clip. */
    private void writeFeatures(int width) throws IOException {
        Files.createDirectories(features());
        for (Split split : List.of(Split.TRAIN, Split.VALID)) {
            for (Clip clip : dataset.clips(split)) {
                Npy.write(features().resolve(clip + "_feats.npy"), drawn(clip.id(), Shape.of(Clip.EVENTS, width)));
            }
        }
    }

    /** What a row is beside its place in the tables. */
    static FinetuneConfig withoutPlace(FinetuneConfig row) {
        return new FinetuneConfig(Optional.empty(), row.seed(), row.device(), row.threads(), row.precision(), row.checkpoints(),
            row.dataset(), row.pretrain(), row.backbone(), row.features(), row.contextualizer(), row.verbs(), row.roles(), row.relations());
    }
}
