package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Npy;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Ready-made features of clips as the toolkit keeps them, {@code vsitu_vid_feats/NAME/CLIP_feats.npy}: a row for each event. Files are read
 * when they are asked for, and not kept.
 */
public final class EventFeatures {
    private static final String ENDING = "_feats.npy";

    private final Path folder;
    private final int width;

    private EventFeatures(Path folder, int width) {
        this.folder = folder;
        this.width = width;
    }

    /**
     * Opens a folder of features; one of its files says how long they are.
     *
     * @throws KinemaException if it has none, or that file is malformed
     */
    public static EventFeatures open(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            // the first by name, so that the same folder fails alike everywhere
            Path first = files.filter(file -> file.getFileName().toString().endsWith(ENDING)).min(Path::compareTo)
                .orElseThrow(() -> new KinemaException("the folder '" + folder + "' has no features, that is no file CLIP" + ENDING
                    + ": name a folder of vsitu_vid_feats"));
            return new EventFeatures(folder, readFile(first).shape().dim(1));
        } catch (IOException e) {
            throw new KinemaException("the folder of features '" + folder + "' cannot be read (" + e + "): check the path and its"
                + " permissions", e);
        }
    }

    /** Length of a feature, D. */
    public int width() {
        return width;
    }

    /** The file of a clip. */
    public Path file(Clip clip) {
        return folder.resolve(clip.id() + ENDING);
    }

    /** Whether a clip has a file; what is in it is not looked at. */
    public boolean has(Clip clip) {
        return Files.isRegularFile(file(clip));
    }

    /** Ids of those clips that have no file, in their order. */
    public List<String> missing(List<Clip> clips) {
        List<String> missing = new ArrayList<>();
        for (Clip clip : clips) {
            if (!has(clip)) {
                missing.add(clip.id());
            }
        }
        return missing;
    }

    /**
     * The features of a clip's events.
     *
     * @return F32 [5, {@link #width}]
     * @throws KinemaException if the file is missing, is no array of F32 or F64 of this shape, or has a value that is no finite number
     */
    public HostArray read(Clip clip) {
        HostArray features = readFile(file(clip));
        if (features.shape().dim(1) != width) {
            throw new KinemaException(file(clip) + ": has features of " + features.shape().dim(1)
                + " numbers, and other files of the folder of " + width + ": write all by the same network");
        }
        return features;
    }

    private static HostArray readFile(Path file) {
        HostArray stored = Npy.read(file);
        if (stored.dtype() != DType.F32 && stored.dtype() != DType.F64 || stored.shape().rank() != 2 || stored.shape().dim(0) != Clip.EVENTS
                || stored.shape().dim(1) < 1) {
            throw new KinemaException(file + ": is an array of " + stored.dtype() + " " + stored.shape() + ", not of F32 or F64 ["
                + Clip.EVENTS + ", D], a row for each event: write the features again");
        }
        HostArray features = HostArray.allocate(DType.F32, stored.shape());
        for (int i = 0; i < stored.shape().dim(0) * stored.shape().dim(1); i++) {
            float value = (float) stored.get(i);
            if (!Float.isFinite(value)) {
                throw new KinemaException(file + ": value " + i % stored.shape().dim(1) + " of event " + i / stored.shape().dim(1) + " is "
                    + stored.get(i) + ", which is no finite 32-bit number: write the features again");
            }
            features.set(i, value);
        }
        return features;
    }
}
