package dev.kinema.video;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** The films that tests read, which lie beside the repository, and small readings of films that tests share. */
public final class SharedFilms {
    private static final Path ROOT = Path.of("..", "shared", "videos");

    /** A frame's time, the time of its successor, and a checksum of its picture. */
    record Seen(double time, double until, long checksum) {
    }

    private SharedFilms() {
    }

    /** The film with this path below the films' directory; where there is none, the test is aborted. */
    public static Path film(String name) {
        Path path = ROOT.resolve(name);
        assumeTrue(Files.isReadable(path), "the film " + path + " is not on this machine");
        return path;
    }

    static ByteBuffer buffer(FrameReader frames) {
        return ByteBuffer.allocateDirect(frames.pictureBytes());
    }

    static long checksum(ByteBuffer pixels) {
        CRC32 crc = new CRC32();
        crc.update(pixels.duplicate().clear());
        return crc.getValue();
    }

    /** All frames of a film, read from its start. */
    static List<Seen> readAll(VideoFile film, Framing framing) {
        List<Seen> seen = new ArrayList<>();
        try (FrameReader frames = film.frames(framing)) {
            ByteBuffer picture = buffer(frames);
            while (frames.next()) {
                frames.copyTo(picture, 0);
                seen.add(new Seen(frames.time(), frames.shownUntil(), checksum(picture)));
            }
        }
        return seen;
    }

    /** Writes the beginning of a procedural film of 160x120 at 25 frames per second. */
    static void write(Path path, int frames) {
        write(path, frames, 160, 120, 25, Encoding.standard());
    }

    /** Writes the beginning of a procedural film. */
    static void write(Path path, int frames, int width, int height, double fps, Encoding encoding) {
        ProceduralFilm film = ProceduralFilm.of(3, width, height, fps);
        ByteBuffer picture = ByteBuffer.allocateDirect(width * height * 3);
        try (VideoWriter writer = VideoWriter.create(path, width, height, fps, encoding)) {
            for (int i = 0; i < frames; i++) {
                film.render(i, picture, 0);
                writer.add(picture, 0);
            }
            writer.finish();
        }
    }

    /** A picture with the colour 0xRRGGBB that {@code paint} gives for row y and column x. */
    static ByteBuffer picture(int width, int height, java.util.function.IntBinaryOperator paint) {
        ByteBuffer rgb = ByteBuffer.allocateDirect(width * height * 3);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int colour = paint.applyAsInt(y, x);
                rgb.put((byte) (colour >> 16)).put((byte) (colour >> 8)).put((byte) colour);
            }
        }
        return rgb.clear();
    }

    /** The pixel at row y, column x as 0xRRGGBB. */
    static int pixel(ByteBuffer rgb, int width, int y, int x) {
        int at = (y * width + x) * 3;
        return (rgb.get(at) & 0xff) << 16 | (rgb.get(at + 1) & 0xff) << 8 | rgb.get(at + 2) & 0xff;
    }

    /** Largest difference of two colours over the channels. */
    static int distance(int a, int b) {
        int red = Math.abs((a >> 16 & 0xff) - (b >> 16 & 0xff));
        int green = Math.abs((a >> 8 & 0xff) - (b >> 8 & 0xff));
        return Math.max(Math.max(red, green), Math.abs((a & 0xff) - (b & 0xff)));
    }

    /** Mean absolute difference of two pictures in levels of 255. */
    static double meanDifference(ByteBuffer a, ByteBuffer b) {
        long sum = 0;
        for (int i = 0; i < a.capacity(); i++) {
            sum += Math.abs((a.get(i) & 0xff) - (b.get(i) & 0xff));
        }
        return (double) sum / a.capacity();
    }
}
