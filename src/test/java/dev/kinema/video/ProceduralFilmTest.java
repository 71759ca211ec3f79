package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProceduralFilmTest {
    private static final int WIDTH = 64;
    private static final int HEIGHT = 48;
    private static final long CHECKSUM = 1355458292L;

    private static ByteBuffer frame(ProceduralFilm film, int index) {
        ByteBuffer picture = ByteBuffer.allocateDirect(film.width() * film.height() * 3);
        film.render(index, picture, 0);
        return picture;
    }

    @Test
    void seedDecidesEveryPixel() {
        // a fixed number, so that another machine or JDK that draws otherwise is found out
        assertEquals(CHECKSUM, SharedFilms.checksum(frame(ProceduralFilm.of(7, WIDTH, HEIGHT, 25), 123)));
        assertNotEquals(CHECKSUM, SharedFilms.checksum(frame(ProceduralFilm.of(8, WIDTH, HEIGHT, 25), 123)));
    }

    @Test
    void shotsFollowOneAnother() {
        ProceduralFilm film = ProceduralFilm.of(7);
        assertEquals(8, film.shots().size());
        assertEquals(32, film.duration());
        assertEquals(800, film.frames());
        for (int i = 1; i < 8; i++) {
            assertEquals(film.shots().get(i - 1).end(), film.shots().get(i).start());
        }
        assertEquals(List.of(0, 1, 0, 2, 1, 3, 0, 2), film.shots().stream().map(ProceduralFilm.Shot::scene).toList());
    }

    @Test
    void lengthCutsOffOrGoesOn() {
        List<ProceduralFilm.Shot> usual = ProceduralFilm.of(7).shots();
        List<ProceduralFilm.Shot> brief = ProceduralFilm.of(7, WIDTH, HEIGHT, 25, usual.get(1).end() + 0.5).shots();
        assertEquals(usual.subList(0, 2), brief.subList(0, 2));
        assertEquals(List.of(new ProceduralFilm.Shot(0, usual.get(1).end(), usual.get(1).end() + 0.5)), brief.subList(2, brief.size()));
        ProceduralFilm twice = ProceduralFilm.of(7, WIDTH, HEIGHT, 25, 64);
        assertEquals(usual, twice.shots().subList(0, 8));
        assertEquals(usual.stream().map(ProceduralFilm.Shot::scene).toList(),
                twice.shots().subList(8, 16).stream().map(ProceduralFilm.Shot::scene).toList());
        assertEquals(frame(ProceduralFilm.of(7, WIDTH, HEIGHT, 25), 700), frame(twice, 700));
        assertEquals(1600, twice.frames());
        for (double seconds : new double[] {0, 0.01, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> ProceduralFilm.of(7, WIDTH, HEIGHT, 25, seconds));
        }
    }

    @Test
    void picturesJumpAtCutsAndOnlyThere() {
        ProceduralFilm film = ProceduralFilm.of(7, WIDTH, HEIGHT, 25);
        ByteBuffer last = frame(film, 0);
        for (int i = 1; i < film.frames(); i++) {
            ByteBuffer now = frame(film, i);
            double time = i / 25.0;
            boolean cut = film.shots().stream().anyMatch(shot -> shot.start() == time);
            double difference = SharedFilms.meanDifference(last, now);
            assertTrue(cut ? difference > 30 : difference > 0 && difference < 20, "frame " + i + ": " + difference);
            last = now;
        }
    }

    @Test
    void scenesThatRecurLookAlike() {
        ProceduralFilm film = ProceduralFilm.of(7, WIDTH, HEIGHT, 25);
        for (ProceduralFilm.Shot one : film.shots()) {
            for (ProceduralFilm.Shot other : film.shots()) {
                double difference = 0;
                for (int channel = 0; channel < 3; channel++) {
                    difference += Math.abs(mean(film, one, channel) - mean(film, other, channel));
                }
                boolean same = one.scene() == other.scene();
                assertTrue(same ? difference < 22 : difference > 28, one + " and " + other + ": " + difference);
            }
        }
    }

    private static double mean(ProceduralFilm film, ProceduralFilm.Shot shot, int channel) {
        ByteBuffer picture = frame(film, (int) ((shot.start() + shot.end()) / 2 * 25));
        long sum = 0;
        for (int i = channel; i < picture.capacity(); i += 3) {
            sum += picture.get(i) & 0xff;
        }
        return sum * 3.0 / picture.capacity();
    }

    @Test
    void interruptedWritingLeavesNothingBehind(@TempDir Path dir) {
        ProceduralFilm film = ProceduralFilm.of(1, WIDTH, HEIGHT, 25, 600);
        Thread.currentThread().interrupt();
        String message = assertThrows(KinemaException.class, () -> film.write(dir.resolve("film.mkv"))).getMessage();
        assertTrue(Thread.interrupted(), "the thread stays marked as interrupted");
        assertTrue(message.startsWith("interrupted after 0 of 15000 frames"), message);
        assertArrayEquals(new String[0], dir.toFile().list());
    }

    @Test
    void writtenFilmShowsTheSamePictures(@TempDir Path dir) {
        Path path = dir.resolve("film.mkv");
        ProceduralFilm film = ProceduralFilm.of(1, 160, 120, 5);
        film.write(path);
        try (VideoFile file = VideoFile.open(path); FrameReader frames = file.frames(Framing.whole())) {
            ByteBuffer picture = SharedFilms.buffer(frames);
            int i = 0;
            for (; frames.next(); i++) {
                frames.copyTo(picture, 0);
                double difference = SharedFilms.meanDifference(picture, frame(film, i));
                // lossless, but with halved chroma
                assertTrue(difference < 4, "frame " + i + ": " + difference);
            }
            assertEquals(160, i);
        }
    }
}
