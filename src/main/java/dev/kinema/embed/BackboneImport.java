package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.ImportedCheckpoint;
import dev.kinema.checkpoint.Inflation;
import dev.kinema.checkpoint.StateMatch;
import dev.kinema.device.HostArray;
import dev.kinema.model.SlowConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint of other software held against the backbone that it is to become.
 *
 * @param config the backbone; of the kind asked for, with the checkpoint's widths, blocks and classes
 * @param match what fits
 */
public record BackboneImport(ImportedCheckpoint checkpoint, SlowConfig config, StateMatch match) {
    /** Which network a checkpoint is to fit. */
    public enum Model {
        /** The one that its stem's kernel tells. */
        AUTO,
        SLOW,
        SLOW_D
    }

    /** Which differences are put up with: what is missing or of another shape is drawn at random, what is unexpected is left out. */
    public record Leniency(boolean missing, boolean unexpected, boolean shape) {
        /** None. */
        public static final Leniency STRICT = new Leniency(false, false, false);
    }

    /**
     * Compares.
     *
     * @param frames of a clip, {@code interval} between them at 30 frames per second, {@code crop} height and width in pixels: null for
     *     what the checkpoint says, or else the published network's
     * @throws KinemaException if the checkpoint is of no Slow network, or a size beyond any network's
     */
    public static BackboneImport of(ImportedCheckpoint checkpoint, Model model, Inflation inflation, Integer frames, Integer interval,
            Integer crop) {
        SlowConfig found = BackboneWeights.config(checkpoint);
        SlowConfig config = switch (model) {
            case AUTO -> found;
            case SLOW -> as(SlowConfig.SLOW_R50, found, inflation);
            case SLOW_D -> as(SlowConfig.SLOW_D_R50, found, inflation);
        };
        SlowConfig.Clip clip = config.clip();
        SlowConfig sized = config.withClip(new SlowConfig.Clip(frames == null ? clip.frames() : frames, crop == null ? clip.crop() : crop,
            interval == null ? clip.samplingRate() : interval));
        NetworkDescription.checked(checkpoint.path(), sized);
        return new BackboneImport(checkpoint, sized, StateMatch.of(BackboneWeights.variables(sized), checkpoint.tensors(), inflation));
    }

    /** The network {@code named} in the sizes of {@code found}; a network of the same stem keeps its clips, too. */
    private static SlowConfig as(SlowConfig named, SlowConfig found, Inflation inflation) {
        SlowConfig sized = inflation == Inflation.REFUSE ? found : found.withStages(inflated(named.stages(), found.stages()));
        if (named.stem().equals(found.stem())) {
            return sized;
        }
        SlowConfig.Clip clip = named.clip();
        return sized.withStem(named.stem()).withClip(new SlowConfig.Clip(clip.frames(), found.clip().crop(), clip.samplingRate()))
            .withHead(new SlowConfig.Head(named.head().pool(), found.head().classes(), found.head().dropout()));
    }

    /** The stages found, with temporal kernels where the named network has them. */
    private static List<SlowConfig.Stage> inflated(List<SlowConfig.Stage> named, List<SlowConfig.Stage> found) {
        List<SlowConfig.Stage> stages = new ArrayList<>();
        for (SlowConfig.Stage stage : found) {
            int temporal = stages.size() < named.size() ? named.get(stages.size()).temporalKernel() : stage.temporalKernel();
            stages.add(new SlowConfig.Stage(stage.blocks(), Math.max(temporal, stage.temporalKernel()), stage.spatialStride()));
        }
        return stages;
    }

    /**
     * The network's weights.
     *
     * @param seed for what is drawn at random
     * @throws KinemaException if something differs that {@code leniency} does not put up with, listing it
     */
    public BackboneWeights weights(Leniency leniency, long seed) {
        List<String> remedies = new ArrayList<>();
        refuse(remedies, match.missing(), leniency.missing(), "--allow-missing to draw what is missing at random");
        refuse(remedies, match.unexpected(), leniency.unexpected(), "--allow-unexpected to leave out what is unexpected");
        refuse(remedies, match.wrongShape(), leniency.shape(), "--inflate or --allow-shape for other shapes");
        if (!remedies.isEmpty()) {
            throw new KinemaException(checkpoint.path() + ": does not fit the network: " + match.report()
                + ": choose --model after the file, or " + String.join(", or ", remedies));
        }
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        Map<String, HostArray> drawn = match.isComplete() ? Map.of() : BackboneWeights.random(config, seed).tensors();
        for (String name : BackboneWeights.variables(config).keySet()) {
            HostArray tensor = match.matched().getOrDefault(name, drawn.get(name));
            if (tensor != null) {
                tensors.put(name, tensor);
            }
        }
        return new BackboneWeights(checkpoint.path(), config, tensors, origin(seed));
    }

    private static void refuse(List<String> remedies, List<String> differences, boolean allowed, String remedy) {
        if (!differences.isEmpty() && !allowed) {
            remedies.add(remedy);
        }
    }

    /** How many tensors are drawn at random, where {@link #weights} puts up with that. */
    public int drawn() {
        return match.missing().size() + match.wrongShape().size();
    }

    private String origin(long seed) {
        return "imported from " + checkpoint.path().getFileName() + " (" + checkpoint.container() + ", " + checkpoint.naming() + " names)"
            + (match.inflated().isEmpty() ? "" : ", " + match.inflated().size() + " kernels inflated in time")
            + (drawn() == 0 ? "" : ", " + drawn() + " tensors drawn from seed " + seed);
    }
}
