package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.video.FrameReader;
import dev.kinema.video.Framing;
import dev.kinema.video.ProceduralFilm;
import dev.kinema.video.VideoFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilmClipsTest {
    private static final Framing FRAMING = new Framing(24, 0);

    @TempDir
    static Path folder;
    private static Path film;
    /** The film's frames at 10 a second, read from its start. */
    private static final List<ByteBuffer> FRAMES = new ArrayList<>();

    @BeforeAll
    static void write() {
        film = folder.resolve("film.mp4");
        ProceduralFilm.of(3, 64, 48, 10, 6).write(film);
        try (VideoFile video = VideoFile.open(film)) {
            FrameReader frames = video.frames(FRAMING);
            while (frames.next()) {
                ByteBuffer picture = ByteBuffer.allocateDirect(frames.pictureBytes());
                frames.copyTo(picture, 0);
                FRAMES.add(picture);
            }
        }
    }

    private static void assertPicture(int frame, ByteBuffer clip, int place) {
        ByteBuffer expected = FRAMES.get(frame);
        assertEquals(expected, clip.slice(place * expected.capacity(), expected.capacity()), "frame " + frame);
    }

    @Test
    void allClipsComeFromOnePass() throws InterruptedException {
        // clips that overlap, go back in time, repeat a frame and go beyond the end
        int[][] wanted = {{10, 14, 18, 22}, {12, 14, 16, 18}, {50, 0, 14, 14}, {58, 59, 59, 59}};
        double[][] times = new double[4][4];
        for (int c = 0; c < 4; c++) {
            for (int i = 0; i < 4; i++) {
                times[c][i] = wanted[c][i] / 10.0 + 0.05;
            }
        }
        // the end may be a second and a frame off
        times[3][3] = 7.05;
        ByteBuffer[] clips = new ByteBuffer[4];
        try (FilmClips reader = FilmClips.open(film)) {
            assertEquals(6, reader.timing().seconds(), 1e-3);
            assertEquals(10, reader.timing().frameRate(), 1e-9);
            reader.read(times, FRAMING, clips);
            assertEquals(24, reader.height());
            assertEquals(32, reader.width());
            assertEquals(10, reader.picturesConverted(), "0 10 12 14 16 18 22 50 58 59");
            // the start is decoded twice where the reader opens the film, and a jump starts at a key frame
            assertTrue(reader.framesDecoded() <= 2 * FRAMES.size(), () -> reader.framesDecoded() + " frames decoded");
        }
        for (int c = 0; c < 4; c++) {
            for (int i = 0; i < 4; i++) {
                assertPicture(wanted[c][i], clips[c], i);
            }
        }
    }

    @Test
    void buffersAreKeptWhereTheySuffice() throws InterruptedException {
        ByteBuffer large = ByteBuffer.allocateDirect(1 << 20);
        ByteBuffer[] clips = {large, ByteBuffer.allocateDirect(1)};
        try (FilmClips reader = FilmClips.open(film)) {
            reader.read(new double[][] {{0.05}, {0.15}}, FRAMING, clips);
        }
        assertTrue(clips[0] == large);
        assertPicture(0, clips[0], 0);
        assertPicture(1, clips[1], 0);
    }

    @Test
    void centreCropStartsWherePySlowFastsDoes() {
        // 5 pixels of 8 by 7: offsets ceil(3 / 2) = 2 and ceil(2 / 2) = 1
        ByteBuffer pictures = ByteBuffer.allocate(2 * 7 * 8 * 3);
        for (int i = 0; i < 2 * 7 * 8; i++) {
            pictures.put(3 * i, (byte) i);
        }
        ByteBuffer out = ByteBuffer.allocate(1 + 2 * 25 * 3);
        new CentreCrop(7, 5).worker().apply(pictures, 2, 7, 8, 0, 0, null, out, 1);
        assertEquals(1 * 8 + 2, out.get(1));
        assertEquals(5 * 8 + 6, out.get(1 + 24 * 3));
        assertEquals(56 + 1 * 8 + 2, out.get(1 + 25 * 3));
        assertThrows(IllegalArgumentException.class, () -> new CentreCrop(4, 5));
    }

    @Test
    void filmWithoutFramesIsAnError() throws IOException {
        Path text = Files.writeString(folder.resolve("text.mp4"), "no film");
        assertThrows(KinemaException.class, () -> FilmClips.open(text));
    }

    @Test
    void interruptStopsReading() {
        try (FilmClips reader = FilmClips.open(film)) {
            Thread.currentThread().interrupt();
            assertThrows(InterruptedException.class, () -> reader.read(new double[][] {{0}}, FRAMING, new ByteBuffer[1]));
        }
    }
}
