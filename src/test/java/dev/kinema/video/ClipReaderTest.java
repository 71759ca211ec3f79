package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipReaderTest {
    @TempDir
    Path dir;

    /** A film whose frame i has the grey level i, at the given ticks of 1/fps; times are exact in mov, in ms in mkv. */
    private Path counted(String ending, double fps, long... ticks) {
        Path path = dir.resolve("counted." + ending);
        boolean mov = ending.equals("mov");
        Encoding encoding = Encoding.standard().withCodec(mov ? "qtrle" : "ffv1", mov ? "rgb24" : "bgr0");
        try (VideoWriter writer = VideoWriter.create(path, 32, 24, fps, encoding)) {
            for (int i = 0; i < ticks.length; i++) {
                int level = i * 0x010101;
                writer.add(SharedFilms.picture(32, 24, (y, x) -> level), 0, ticks[i] / fps);
            }
            writer.finish();
        }
        return path;
    }

    private static long[] even(int frames) {
        long[] ticks = new long[frames];
        for (int i = 0; i < frames; i++) {
            ticks[i] = i;
        }
        return ticks;
    }

    /** For each clip, the grey level (the frame's number) of each of its pictures. */
    private static List<List<Integer>> clips(Path path, ClipPlan plan) {
        List<List<Integer>> all = new ArrayList<>();
        try (VideoFile film = VideoFile.open(path); ClipReader clips = film.clips(plan)) {
            ByteBuffer target = ByteBuffer.allocateDirect(clips.clipBytes() + 5);
            while (clips.next(target, 5)) {
                assertEquals(all.size(), clips.index());
                List<Integer> levels = new ArrayList<>();
                for (int i = 0; i < plan.frames(); i++) {
                    levels.add(target.get(5 + i * clips.clipBytes() / plan.frames()) & 0xff);
                }
                all.add(levels);
            }
            assertFalse(clips.next(target, 5), "the end stays the end");
        }
        return all;
    }

    private static ClipPlan plan(int frames, double interval, double hop) {
        return new ClipPlan(frames, interval, hop, 0, Framing.square(8), false);
    }

    @Test
    void picturesAreTheFramesShownAtTheirTimes() {
        // 12 fps, clips of 4 pictures 1/6 s apart, every half second: pictures of clip k are frames 6k, 6k+2, 6k+4, 6k+6
        List<List<Integer>> clips = clips(counted("mkv", 12, even(30)), plan(4, 1 / 6.0, 0.5));
        assertEquals(List.of(List.of(0, 2, 4, 6), List.of(6, 8, 10, 12), List.of(12, 14, 16, 18), List.of(18, 20, 22, 24),
                List.of(24, 26, 28, 29)), clips);
    }

    @Test
    void timesBetweenFramesShowTheEarlierOne() {
        // 10 fps, pictures at 0, 0.25, 0.5, 0.75
        assertEquals(List.of(List.of(0, 2, 5, 7)), clips(counted("mkv", 10, even(10)), plan(4, 0.25, 1)));
    }

    @Test
    void variableRateIsSampledByTime() {
        // shown: frame 0 from 0 to 0.5 s, 1 to 0.6, 2 to 0.7, 3 to 2.0, 4 to the end
        Path path = counted("mkv", 10, 0, 5, 6, 7, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
        assertEquals(List.of(List.of(0, 0, 0, 2), List.of(3, 3, 3, 3), List.of(4, 6, 8, 10)),
                clips(path, plan(4, 0.2, 1)).stream().map(c -> c.subList(0, 4)).toList());
    }

    @ParameterizedTest
    @CsvSource({"mkv, 95443", "mkv, 200000000", "mov, 95443", "mov, 200000"})
    void jumpOfTheClockMakesNoClips(String ending, long seconds) {
        // 3 s, a jump, 2 s
        long[] ticks = even(50);
        for (int i = 30; i < 50; i++) {
            ticks[i] += 10 * seconds;
        }
        Path path = counted(ending, 10, ticks);
        assertEquals(List.of(List.of(0, 5, 10, 15), List.of(20, 25, 30, 35)),
                clips(path, plan(4, 0.5, 2)));
        try (VideoFile film = VideoFile.open(path)) {
            assertEquals(50, SharedFilms.readAll(film, Framing.square(8)).size());
            assertEquals(1, film.damage().clockJumps());
            assertTrue(film.damage().describe().contains("1 jump of the clock"), film.damage().describe());
        }
    }

    @Test
    void lastFrameLastsNoLongerThanIsCredible() throws IOException {
        long[] ticks = even(30);
        ticks[29] = 30;
        Path path = counted("mov", 10, ticks);
        byte[] bytes = Files.readAllBytes(path);
        // durations of frames, run by run (ISO/IEC 14496-12, 8.6.1.2): 28 and one longer, then the last frame
        int stts = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("stts");
        ByteBuffer box = ByteBuffer.wrap(bytes);
        int lastRun = stts + 12 + 8 * (box.getInt(stts + 8) - 1);
        assertEquals(1, box.getInt(lastRun), "the last frame has a duration of its own");
        box.putInt(lastRun + 4, Integer.MAX_VALUE);
        Files.write(path, bytes);
        try (VideoFile film = VideoFile.open(path)) {
            List<SharedFilms.Seen> seen = SharedFilms.readAll(film, Framing.square(8));
            assertEquals(3, seen.get(29).time(), 1e-6);
            assertTrue(seen.get(29).until() <= 3 + 60, "the last frame is shown until " + seen.get(29).until());
        }
    }

    @ParameterizedTest
    @CsvSource({"30, 16", "29.97002997, 16", "24, 16", "23.976023976, 16", "25, 16", "60, 16", "50, 16"})
    void everyRateGivesTheFrameOfTheTime(double fps, int frames) {
        int count = (int) Math.round(fps * 4.2);
        ClipPlan plan = plan(frames, 4 / 30.0, 2);
        List<List<Integer>> clips = clips(counted("mov", fps, even(Math.min(255, count))), plan);
        double rate = fps == 29.97002997 ? 30000 / 1001.0 : fps == 23.976023976 ? 24000 / 1001.0 : fps;
        for (int k = 0; k < clips.size(); k++) {
            for (int i = 0; i < frames; i++) {
                int expected = (int) Math.floor((plan.pictureTime(k, i) + 1e-5) * rate);
                assertEquals(Math.min(expected, Math.min(255, count) - 1), clips.get(k).get(i), "clip " + k + ", picture " + i);
            }
        }
        assertEquals(2, clips.size());
    }

    @ParameterizedTest
    @CsvSource({
        // frames at 10 fps, hop, clips: the last picture of a clip is 1.5 s after its first
        "15, 1, 1", "20, 1, 1", "25, 1, 2", "30, 1, 2", "35, 2, 2", "34, 2, 1", "59, 2, 3", "60, 3, 2", "21, 3, 1", "100, 0.5, 18"})
    void aFilmHasTheClipsWhoseLastPictureItLastsTo(int frames, double hop, int expected) {
        Path path = counted("mkv", 10, even(frames));
        ClipPlan plan = plan(4, 0.5, hop);
        List<List<Integer>> clips = clips(path, plan);
        assertEquals(expected, clips.size());
        assertEquals(expected, plan.clipsIn(frames / 10.0));
        for (int k = 0; k < expected; k++) {
            for (int i = 0; i < 4; i++) {
                assertEquals(Math.min(frames - 1, Math.round((k * hop + i * 0.5) * 10)), clips.get(k).get(i).longValue());
            }
        }
    }

    @Test
    void filmShorterThanAClipIsAnErrorOrPadded() {
        Path path = counted("mkv", 10, even(14));
        ClipPlan plan = plan(4, 0.5, 1);
        String message = assertThrows(KinemaException.class, () -> clips(path, plan)).getMessage();
        assertTrue(message.contains("lasts 1.400 s") && message.contains("1.500 s") && message.contains("padShort"), message);
        assertEquals(0, plan.clipsIn(1.4));
        assertEquals(List.of(List.of(0, 5, 10, 13)), clips(path, plan.withPadShort(true)));
        assertEquals(1, plan.withPadShort(true).clipsIn(1.4));
    }

    @Test
    void oneFrameFilmIsPaddedToo() {
        Path path = SharedFilms.film("broken/one_frame.mp4");
        ClipPlan plan = ClipPlan.of(16, 4, 2, 24);
        assertTrue(assertThrows(KinemaException.class, () -> clips(path, plan)).getMessage().contains("one_frame.mp4"));
        assertEquals(1, clips(path, plan.withPadShort(true)).size());
    }

    @Test
    void startBeyondTheEndIsAnError() {
        Path path = counted("mkv", 10, even(30));
        String message = assertThrows(KinemaException.class, () -> clips(path, plan(4, 0.5, 1).withStart(7))).getMessage();
        assertTrue(message.contains("7.000 s"), message);
        assertEquals(List.of(List.of(5, 10, 15, 20)), clips(path, plan(4, 0.5, 1).withStart(0.5)).subList(0, 1));
    }

    @Test
    void framesAreConvertedOnceAndOnlyIfWanted() {
        Path path = counted("mkv", 20, even(200));
        try (VideoFile film = VideoFile.open(path); ClipReader clips = film.clips(plan(8, 0.25, 1))) {
            ByteBuffer target = ByteBuffer.allocateDirect(clips.clipBytes());
            int count = 0;
            while (clips.next(target, 0)) {
                count++;
            }
            assertEquals(9, count);
            // every fifth frame, each shared by two clips, up to the last picture of the last one
            assertEquals(40, clips.picturesConverted());
            assertEquals(200, film.framesDecoded());
        }
    }

    /** They would stay until garbage is collected: with many films, megabytes of what nobody needs. */
    @Test
    void picturesAreNoDirectBuffers() {
        Path path = counted("mkv", 20, even(200));
        ByteBuffer target = ByteBuffer.allocateDirect(8 * 32 * 24 * 3);
        try (VideoFile film = VideoFile.open(path)) {
            long before = directBuffers();
            try (ClipReader clips = film.clips(plan(8, 0.25, 1))) {
                while (clips.next(target, 0)) {
                    assertTrue(clips.picturesConverted() > 0);
                }
            }
            // one is the resampler's
            assertTrue(directBuffers() <= before + 1, () -> directBuffers() + " direct buffers, " + before + " before");
        }
    }

    private static long directBuffers() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream().filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getCount).sum();
    }

    @Test
    void realFilmHasItsClips() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("tears-of-steel-battle-clip-medium.webm"), 2);
                ClipReader clips = film.clips(ClipPlan.of(16, 4, 2, 56))) {
            assertEquals(56, clips.width());
            ByteBuffer target = ByteBuffer.allocateDirect(clips.clipBytes());
            int count = 0;
            while (clips.next(target, 0)) {
                assertEquals(count * 2, clips.frameTime(0), 0.0005);
                for (int i = 0; i < 16; i++) {
                    double late = clips.plan().pictureTime(count, i) - clips.frameTime(i);
                    assertTrue(late > -0.0006 && (late < 1 / 24.0 || clips.frameTime(i) > 70.4), "picture " + i);
                }
                count++;
            }
            // floor(70.458 / 2)
            assertEquals(35, count);
        }
    }

    @Test
    void knownCutsFallWhereTheyShould() {
        int[] cuts = {60, 110, 200, 250, 330, 375, 475};
        try (VideoFile film = VideoFile.open(SharedFilms.film("derived/shots_known_cuts.mp4"));
                FrameReader frames = film.frames(Framing.square(56))) {
            ByteBuffer[] last = {SharedFilms.buffer(frames), SharedFilms.buffer(frames)};
            List<Integer> found = new ArrayList<>();
            for (int i = 0; frames.next(); i++) {
                frames.copyTo(last[i % 2], 0);
                if (i > 0 && SharedFilms.meanDifference(last[0], last[1]) > 25) {
                    found.add((int) Math.round(frames.time() * 25));
                }
            }
            for (int cut : cuts) {
                assertTrue(found.contains(cut), "no cut at frame " + cut + " in " + found);
            }
        }
    }
}
