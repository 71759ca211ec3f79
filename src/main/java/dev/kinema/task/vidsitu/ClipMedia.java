package dev.kinema.task.vidsitu;

import dev.kinema.video.FrameFolder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The pictures of a clip.
 *
 * @param kind whether they are one film or a folder of frames
 * @param path the file or folder
 */
public record ClipMedia(Kind kind, Path path) {
    /** Frames that a clip must have at least to be used, as in the toolkit's own check of its downloads. */
    public static final int LEAST_FRAMES = 290;

    /** How pictures are kept. */
    public enum Kind {
        /** A film of the clip's ten seconds. */
        FILM,
        /** A folder of JPEG pictures, 30 a second. */
        FRAMES
    }

    /** The file of a frame, counted from 0; their names count from 1. */
    public Path frame(int index) {
        if (kind != Kind.FRAMES || index < 0 || index >= Clip.FRAMES) {
            throw new IllegalArgumentException("frame " + index + " of " + this + ": only folders have frames, from 0 to "
                + (Clip.FRAMES - 1));
        }
        return FrameFolder.file(path, index);
    }

    /** Whether enough of it is there: a film that is not empty, or {@link #LEAST_FRAMES} frames, of which only the last is looked for. */
    public boolean isComplete() {
        return kind == Kind.FRAMES ? Files.isRegularFile(frame(LEAST_FRAMES - 1)) : path.toFile().length() > 0;
    }
}
