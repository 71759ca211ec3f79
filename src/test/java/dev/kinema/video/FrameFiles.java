package dev.kinema.video;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntBinaryOperator;
import javax.imageio.ImageIO;

/** Folders of JPEG pictures for tests; frame i is of one grey, which tells the frames apart. */
public final class FrameFiles {
    private FrameFiles() {
    }

    /** The grey of a frame, 4 levels from its neighbours'. */
    public static int grey(int frame) {
        return 8 + 4 * (frame % 60);
    }

    /** Writes frames 0 to {@code count - 1} into a new folder. */
    public static Path write(Path folder, int count, int width, int height) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (int frame = 0; frame < count; frame++) {
            writeFrame(folder, frame, width, height);
        }
        return folder;
    }

    /** Writes or replaces one frame. */
    public static Path writeFrame(Path folder, int frame, int width, int height) {
        int grey = grey(frame);
        return writeJpeg(FrameFolder.file(folder, frame), width, height, (y, x) -> grey << 16 | grey << 8 | grey);
    }

    /** Writes a picture whose pixels {@code paint} gives for row and column, as 0xRRGGBB. */
    public static Path writeJpeg(Path file, int width, int height, IntBinaryOperator paint) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, paint.applyAsInt(i / width, i % width));
        }
        try {
            if (!ImageIO.write(image, "jpg", file.toFile())) {
                throw new IllegalStateException("this Java writes no JPEG");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }
}
