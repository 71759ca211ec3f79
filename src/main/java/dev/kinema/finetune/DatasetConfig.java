package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.task.vidsitu.LeftOutClips;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.HashSet;
import java.util.Set;

/**
 * Which clips, and how they are seen.
 *
 * @param folder of the dataset
 * @param leaveOut lists of clips that count nowhere, such as the 241 that overlap LVU
 * @param maxMissing share of the training clips that may have no pictures, or such as cannot be decoded; those of validation must all have
 * @param framing how a picture becomes a square
 * @param threads that decode clips
 * @param prefetch batches decoded ahead
 */
public record DatasetConfig(Path folder, @Default("[]") List<Path> leaveOut, @Default("0.05") double maxMissing,
    @Default("stretched") Framing framing, @Default("2") int threads, @Default("2") int prefetch) {

    /** How a picture becomes a square. */
    public enum Framing {
        /** Both sides are scaled to the square's, as in VidSitu's toolkit. */
        STRETCHED,
        /** The short side is scaled, and the middle cut out, as {@code kinema extract} and so pretraining of the contextualizer does. */
        CENTRE_CROP
    }

    public DatasetConfig {
        if (!(maxMissing >= 0 && maxMissing <= 1)) {
            throw new KinemaException(String.format(Locale.ROOT, "max_missing is %s: it must be a share, 0 to 1", maxMissing));
        }
        if (threads < 1 || prefetch < 1) {
            throw new KinemaException("threads is " + threads + ", and prefetch " + prefetch + ": they must be 1 or more");
        }
    }

    /** Opens the dataset without the clips that are left out. */
    VidSituDataset open() {
        Set<String> out = new HashSet<>();
        leaveOut.forEach(list -> out.addAll(LeftOutClips.read(list)));
        return VidSituDataset.open(folder).without(out);
    }
}
