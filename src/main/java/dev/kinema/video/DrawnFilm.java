package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A film whose frames are drawn on demand, and that can be written down. */
interface DrawnFilm {
    /** Width of the pictures in pixels. */
    int width();

    /** Height of the pictures in pixels. */
    int height();

    /** Frames per second. */
    double frameRate();

    /** Number of frames. */
    int frames();

    /** Draws frame {@code frame} as u8 RGB [height, width, 3] at {@code offset} of {@code rgb}. */
    void render(int frame, ByteBuffer rgb, int offset);

    /**
     * Writes all frames.
     *
     * @throws KinemaException where the thread is interrupted, of which it stays marked; nothing is left behind then
     */
    default void write(Path file, Encoding encoding) {
        ByteBuffer picture = ByteBuffer.allocateDirect(width() * height() * 3);
        try (VideoWriter writer = VideoWriter.create(file, width(), height(), frameRate(), encoding)) {
            for (int i = 0; i < frames(); i++) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new KinemaException("interrupted after " + i + " of " + frames() + " frames of '" + file
                            + "': write the film again");
                }
                render(i, picture, 0);
                writer.add(picture, 0);
            }
            writer.finish();
        }
    }
}
