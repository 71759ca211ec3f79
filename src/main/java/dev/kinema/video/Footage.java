package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What clips are cut from: a film, or a folder of its frames. To be used by one thread at a time. */
public sealed interface Footage extends AutoCloseable permits VideoFile, FrameFolder {
    /**
     * Opens a film, or where {@code path} is a folder its frames, {@link FrameFolder#STANDARD_RATE} a second.
     *
     * @throws KinemaException as {@link VideoFile#open(Path)} and {@link FrameFolder#open(Path, double)}
     */
    static Footage open(Path path) {
        return Files.isDirectory(path) ? FrameFolder.open(path, FrameFolder.STANDARD_RATE) : VideoFile.open(path);
    }

    /** The file or folder. */
    Path path();

    /** Average frames per second. */
    double frameRate();

    /** Seconds from the first picture to the end of the last, as announced or else measured, without decoding. */
    double seconds();

    /** Reads the pictures from the start; a reader that was there before is closed. */
    FrameWalk frames(Framing framing);

    /** What was wrong as far as it has been read. */
    Damage damage();

    /** Frames decoded so far. */
    long framesDecoded();

    @Override
    void close();
}
