package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/** What clips are cut from: a film, or a folder of its frames. To be used by one thread at a time. */
public sealed interface Footage extends AutoCloseable permits VideoFile, FrameFolder {
    /**
     * Opens a film, or where {@code path} is a folder its frames, {@link FrameFolder#STANDARD_RATE} a second.
     *
     * @throws KinemaException as {@link VideoFile#open(Path)} and {@link FrameFolder#open(Path, double)}
     */
    static Footage open(Path path) {
        return open(path, () -> false);
    }

    /**
     * {@link #open(Path)} of what somebody may lose interest in.
     *
     * @param stopped asked between the frames of a film, as {@link VideoFile#open(Path, int, BooleanSupplier)} says; frames in a folder are
     *     read one by one anyway
     */
    static Footage open(Path path, BooleanSupplier stopped) {
        return Files.isDirectory(path) ? FrameFolder.open(path, FrameFolder.STANDARD_RATE) : VideoFile.open(path, 1, stopped);
    }

    /** The file or folder. */
    Path path();

    /** Average frames per second. */
    double frameRate();

    /** Seconds from the first picture to the end of the last as announced; empty where nothing announces it. */
    OptionalDouble duration();

    /** The same, but measured where it is not announced, without decoding. */
    double seconds();

    /** Reads the pictures from the start; a reader that was there before is closed. */
    FrameWalk frames(Framing framing);

    /** Reads the clips by a plan; a reader that was there before is closed. */
    default ClipReader clips(ClipPlan plan) {
        return new ClipReader(path(), frames(plan.framing()), plan);
    }

    /** What was wrong as far as it has been read. */
    Damage damage();

    /** Frames decoded so far. */
    long framesDecoded();

    @Override
    void close();
}
