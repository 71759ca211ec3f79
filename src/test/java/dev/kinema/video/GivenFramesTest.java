package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.video.GivenFilm.Frame;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Films given as frames: the clips, scaling and times that the same film has as a file. */
class GivenFramesTest {
    private static final int WIDTH = 60;
    private static final int HEIGHT = 40;
    private static final Path NAME = Path.of("given");

    private static ByteBuffer picture(int value) {
        ByteBuffer picture = ByteBuffer.allocate(WIDTH * HEIGHT * 3);
        for (int i = 0; i < picture.capacity(); i++) {
            picture.put(i, (byte) value);
        }
        return picture;
    }

    private static List<Frame> frames(double... times) {
        List<Frame> frames = new ArrayList<>();
        for (double time : times) {
            frames.add(new Frame(picture(frames.size()), time));
        }
        return frames;
    }

    /** First channel of the first pixel of each picture. */
    private static List<Integer> values(GivenFilm film, ClipPlan plan) {
        List<Integer> values = new ArrayList<>();
        try (ClipReader clips = film.clips(plan)) {
            ByteBuffer clip = ByteBuffer.allocate(clips.clipBytes());
            while (clips.next(clip, 0)) {
                for (int i = 0; i < plan.frames(); i++) {
                    values.add(clip.get(i * clips.width() * clips.height() * 3) & 0xff);
                }
            }
        }
        return values;
    }

    @Test
    void timesDecideWhichFrameIsShown() {
        // every 0.2 s one picture; the frame shown at 0.4 s appeared at 0.25 s
        ClipPlan plan = new ClipPlan(4, 0.2, 0.6, 0, Framing.whole(), false);
        GivenFilm uneven = new GivenFilm(NAME, WIDTH, HEIGHT, 10, frames(0, 0.1, 0.25, 0.55, 0.6, 0.95, 1.2));
        assertEquals(List.of(0, 1, 2, 4, 4, 4, 5, 6), values(uneven, plan));
        List<ByteBuffer> steady = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            steady.add(picture(i));
        }
        assertEquals(List.of(0, 2, 4, 6), values(GivenFilm.of(NAME, WIDTH, HEIGHT, 10, steady), plan.withStart(0)));
        assertEquals(List.of(2, 4, 6, 8), values(GivenFilm.of(NAME, WIDTH, HEIGHT, 10, steady), plan.withStart(0.2)));
    }

    @Test
    void picturesAreScaledAsThoseOfAFile(@TempDir Path folder) {
        Path file = folder.resolve("film.mp4");
        ProceduralFilm.of(2, WIDTH, HEIGHT, 10, 3).write(file);
        List<Frame> decoded = new ArrayList<>();
        try (VideoFile film = VideoFile.open(file); FrameReader reader = film.frames(Framing.whole())) {
            while (reader.next()) {
                ByteBuffer picture = ByteBuffer.allocate(reader.pictureBytes());
                reader.copyTo(picture, 0);
                decoded.add(new Frame(picture, reader.time()));
            }
        }
        ClipPlan plan = ClipPlan.of(4, 6, 1, 30);
        try (VideoFile film = VideoFile.open(file); ClipReader expected = film.clips(plan);
                ClipReader actual = new GivenFilm(NAME, WIDTH, HEIGHT, 10, decoded).clips(plan)) {
            ByteBuffer one = ByteBuffer.allocate(expected.clipBytes());
            ByteBuffer other = ByteBuffer.allocate(actual.clipBytes());
            int clips = 0;
            while (expected.next(one, 0)) {
                assertTrue(actual.next(other, 0));
                assertEquals(expected.index(), actual.index());
                for (int i = 0; i < one.capacity(); i++) {
                    // colours are converted before scaling in both; at the edges from fewer neighbours
                    assertEquals(one.get(i) & 0xff, other.get(i) & 0xff, 2, "byte " + i + " of clip " + clips);
                }
                clips++;
            }
            assertEquals(3, clips);
            assertTrue(!actual.next(other, 0));
        }
    }

    @Test
    void wrongFramesAreNamed() {
        ClipPlan plan = new ClipPlan(2, 0.2, 0.4, 0, Framing.whole(), false);
        GivenFilm back = new GivenFilm(NAME, WIDTH, HEIGHT, 10, frames(0, 0.2, 0.1));
        String order = assertThrows(KinemaException.class, () -> values(back, plan)).getMessage();
        assertTrue(order.contains("frame 2") && order.contains("0.1 s"), order);
        GivenFilm small = GivenFilm.of(NAME, WIDTH, HEIGHT, 10, List.of(ByteBuffer.allocate(10)));
        String size = assertThrows(KinemaException.class, () -> values(small, plan)).getMessage();
        assertTrue(size.contains("10 bytes") && size.contains("[40, 60, 3]"), size);
        GivenFilm none = GivenFilm.of(NAME, WIDTH, HEIGHT, 10, List.of());
        assertTrue(assertThrows(KinemaException.class, () -> values(none, plan)).getMessage().contains("without a frame"));
        assertThrows(KinemaException.class, () -> GivenFilm.of(NAME, 0, HEIGHT, 10, List.of()));
    }
}
