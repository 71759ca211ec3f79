package dev.kinema.pretrain;

import dev.kinema.checkpoint.Safetensors;
import dev.kinema.data.FeatureHeader;
import dev.kinema.device.HostArray;
import dev.kinema.embed.ContextualizerTraining;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.model.SlowConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What training a contextualizer leaves: its weights, the [MASK] token among them, without what only training needs. */
final class ContextualizerResult {
    private static final String PREFIX = MaskPrediction.NETWORK + ".";
    private static final String OUTPUT = PREFIX + "output_projection.";

    private ContextualizerResult() {}

    static void write(Path checkpoint, MaskPredictionConfig config, FeatureHeader header, Path destination, long seed, long steps) {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        try (Safetensors file = Safetensors.open(checkpoint)) {
            for (String name : file.names()) {
                if (name.startsWith(PREFIX) && !name.startsWith(OUTPUT)) {
                    tensors.put(name.substring(PREFIX.length()), file.read(name));
                }
            }
        }
        SlowConfig.Clip clip = new SlowConfig.Clip(header.clipFrames(), header.crop(), (int) Math.round(header.frameInterval() * 30));
        String origin = "pretrained (mask prediction, " + config.epochs() + " epochs)";
        ContextualizerTraining training = new ContextualizerTraining(header.weightsSha256(), config.window().stride(), config.window().tokens());
        new ContextualizerWeights(checkpoint, config.network(), tensors, origin, Optional.of(training)).write(destination, clip, seed, steps);
    }
}
