package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SeekTest {
    private static final Framing SMALL = Framing.square(48);

    @TempDir
    Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"bigbuckbunny.mp4", "flower-fragmented.mp4", "friday.mp4", "elf.webm", "stream-of-water.mp4",
        "derived/tos_vfr.mp4", "derived/bbb_vp9_odd_427x241.webm", "derived/flower_hevc_10bit.mp4",
        "derived/shots_known_cuts.mp4"})
    void soughtFramesAreThoseOfReadingOn(String name) {
        assertSeeksExactly(SharedFilms.film(name), 12);
    }

    @ParameterizedTest
    @CsvSource({"mp4, libopenh264, 0", "webm, libvpx, 0", "webm, libvpx-vp9, 0", "mkv, ffv1, 0", "avi, mpeg4, 0",
        "mp4, mpeg4, 2", "mkv, mpeg4, 2", "ts, mpeg2video, 2", "mpg, mpeg2video, 2", "mkv, mpeg2video, 2", "flv, flv, 0",
        "m2v, mpeg2video, 0", "mp4, libaom-av1, 0"})
    void everyContainerIsSoughtExactly(String ending, String codec, int bFrames) {
        Path path = dir.resolve("film." + ending);
        Encoding encoding = Encoding.standard().withCodec(codec, "yuv420p").withRate(0.5, 12);
        if (codec.equals("libaom-av1")) {
            encoding = encoding.withOption("cpu-used", "8").withOption("usage", "realtime");
        }
        SharedFilms.write(path, 75, 96, 64, 25, bFrames == 0 ? encoding : encoding.withOption("bf", "" + bFrames));
        try (VideoFile film = VideoFile.open(path)) {
            List<SharedFilms.Seen> all = SharedFilms.readAll(film, SMALL);
            assertEquals(75, all.size());
            for (int i = 0; i < all.size(); i++) {
                // Matroska, WebM and FLV count milliseconds
                assertEquals(i / 25.0, all.get(i).time(), 0.00051, "time of frame " + i);
            }
            assertTrue(film.damage().isNone(), film.damage().describe());
        }
        assertSeeksExactly(path, 12);
    }

    /** Random times, and times that lie exactly on frames and just before and after them. */
    private static void assertSeeksExactly(Path path, int tries) {
        Random random = new Random(1);
        try (VideoFile film = VideoFile.open(path)) {
            List<SharedFilms.Seen> all = SharedFilms.readAll(film, SMALL);
            double end = all.get(all.size() - 1).until();
            String damage = film.damage().describe();
            try (FrameReader frames = film.frames(SMALL)) {
                ByteBuffer picture = SharedFilms.buffer(frames);
                for (int i = 0; i < tries; i++) {
                    double time = random.nextDouble() * end;
                    if (i % 3 == 1) {
                        time = all.get(random.nextInt(all.size())).time();
                    }
                    int expected = shownAt(all, time + frames.tolerance());
                    frames.seek(time);
                    for (int k = expected; k < Math.min(expected + 3, all.size()); k++) {
                        assertTrue(frames.next());
                        frames.copyTo(picture, 0);
                        assertEquals(all.get(k).time(), frames.time(), 1e-9, "after a seek to " + time);
                        assertEquals(all.get(k).until(), frames.shownUntil(), 1e-9, "after a seek to " + time);
                        assertEquals(all.get(k).checksum(), SharedFilms.checksum(picture), "picture after a seek to " + time);
                    }
                }
            }
            // what was decoded on the way to a key frame, without the frames it refers to, is no damage of the film
            assertEquals(damage, film.damage().describe());
        }
    }

    private static int shownAt(List<SharedFilms.Seen> all, double time) {
        int shown = 0;
        while (shown + 1 < all.size() && all.get(shown + 1).time() <= time) {
            shown++;
        }
        return shown;
    }

    @Test
    void seekingDecodesLittle() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("tears-of-steel-battle-clip-medium.webm"));
                FrameReader frames = film.frames(SMALL)) {
            frames.seek(60);
            assertTrue(frames.next());
            assertEquals(60, frames.time(), 0.001);
            // 1440 frames lie before; the key frame before this time is near
            assertTrue(film.framesDecoded() < 150, film.framesDecoded() + " frames decoded");
        }
    }

    @Test
    void timesBeyondTheFilmGoToItsEnds() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("asl_again.mkv")); FrameReader frames = film.frames(SMALL)) {
            frames.seek(1000);
            assertTrue(frames.next());
            assertTrue(frames.isLast());
            assertFalse(frames.next());
            frames.seek(-5);
            assertTrue(frames.next());
            assertEquals(0, frames.time());
            frames.seek(frames.time());
            assertTrue(frames.next());
            assertEquals(0, frames.time());
        }
    }

    @Test
    void clipsAfterASeekAreTheSame() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("derived/tos_h264_aac_480x200.mp4"))) {
            ClipPlan plan = ClipPlan.of(4, 8, 2, 32);
            long[] expected = new long[8];
            ByteBuffer clip;
            try (ClipReader clips = film.clips(plan)) {
                clip = ByteBuffer.allocateDirect(clips.clipBytes());
                for (int k = 0; k < expected.length; k++) {
                    assertTrue(clips.next(clip, 0));
                    expected[k] = SharedFilms.checksum(clip);
                }
            }
            try (ClipReader clips = film.clips(plan)) {
                for (int k : new int[] {5, 6, 2, 7, 0}) {
                    clips.seek(k);
                    assertTrue(clips.next(clip, 0));
                    assertEquals(k, clips.index());
                    assertEquals(expected[k], SharedFilms.checksum(clip), "clip " + k);
                }
            }
            try (ClipReader clips = film.clips(plan.withStart(6))) {
                assertTrue(clips.next(clip, 0));
                assertEquals(expected[3], SharedFilms.checksum(clip));
            }
        }
    }

    /** Bare codec data cannot be sought in; a film with a single key frame can, but leads back to its start each time. */
    @ParameterizedTest
    @CsvSource({"m2v, mpeg2video, 12, 1500", "mkv, mpeg4, 100000, 1900"})
    void filmsThatCannotBeJumpedThroughAreDecodedOnce(String ending, String codec, int keyEvery, int atMost) {
        Path path = dir.resolve("film." + ending);
        SharedFilms.write(path, 1500, 32, 32, 25,
                Encoding.standard().withCodec(codec, "yuv420p").withRate(1, keyEvery)
                        .withOption("sc_threshold", "1000000000").withOption("strict", "-2"));
        try (VideoFile film = VideoFile.open(path); ClipReader clips = film.clips(ClipPlan.of(2, 4, 15, 32))) {
            ByteBuffer clip = ByteBuffer.allocateDirect(clips.clipBytes());
            int count = 0;
            for (; clips.next(clip, 0); count++) {
                assertEquals(15 * count, clips.frameTime(0), 0.001);
            }
            assertEquals(4, count);
            assertTrue(film.framesDecoded() <= atMost, film.framesDecoded() + " frames decoded of 1500");
        }
    }

    @Test
    void clipsFarApartAreJumpedTo() {
        try (VideoFile film = VideoFile.open(SharedFilms.film("tears-of-steel-battle-clip-medium.webm"));
                ClipReader clips = film.clips(ClipPlan.of(2, 4, 30, 32))) {
            ByteBuffer clip = ByteBuffer.allocateDirect(clips.clipBytes());
            assertTrue(clips.next(clip, 0));
            assertTrue(clips.next(clip, 0));
            assertEquals(30, clips.frameTime(0), 0.001);
            assertTrue(film.framesDecoded() < 500, film.framesDecoded() + " of 1691 frames decoded for 2 clips");
        }
    }
}
