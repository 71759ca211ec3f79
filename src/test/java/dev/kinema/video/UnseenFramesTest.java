package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames that no clip wants are left out, and all others are those of decoding every frame. */
class UnseenFramesTest {
    @TempDir
    Path dir;

    /** A clip's place, its pictures, and their times. */
    private record Cut(long index, long checksum, List<Double> times) {
    }

    /** What was read, and what that took. */
    private record Reading(List<Cut> clips, long decoded, Damage damage) {
    }

    /** Walks as another does, but lets nothing be left out. */
    private record Whole(FrameWalk walk) implements FrameWalk {
        @Override
        public int width() {
            return walk.width();
        }

        @Override
        public int height() {
            return walk.height();
        }

        @Override
        public void seek(double seconds) {
            walk.seek(seconds);
        }

        @Override
        public boolean next() {
            return walk.next();
        }

        @Override
        public double time() {
            return walk.time();
        }

        @Override
        public double shownUntil() {
            return walk.shownUntil();
        }

        @Override
        public double step() {
            return walk.step();
        }

        @Override
        public double tolerance() {
            return walk.tolerance();
        }

        @Override
        public boolean isLast() {
            return walk.isLast();
        }

        @Override
        public void copyTo(ByteBuffer target, int offset) {
            walk.copyTo(target, offset);
        }

        @Override
        public void close() {
            walk.close();
        }
    }

    private static Reading read(Path path, ClipPlan plan, UnaryOperator<FrameWalk> how, long... sought) {
        List<Cut> cuts = new ArrayList<>();
        try (VideoFile film = VideoFile.open(path);
                ClipReader clips = new ClipReader(path, how.apply(film.frames(plan.framing())), plan)) {
            ByteBuffer clip = ByteBuffer.allocateDirect(clips.clipBytes());
            for (long k : sought) {
                clips.seek(k);
                assertTrue(clips.next(clip, 0), "clip " + k);
                cuts.add(cut(clips, clip));
            }
            while (sought.length == 0 && clips.next(clip, 0)) {
                cuts.add(cut(clips, clip));
            }
            return new Reading(cuts, film.framesDecoded(), film.damage());
        }
    }

    private static Cut cut(ClipReader clips, ByteBuffer clip) {
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < clips.plan().frames(); i++) {
            times.add(clips.frameTime(i));
        }
        return new Cut(clips.index(), SharedFilms.checksum(clip), times);
    }

    private static void assertSameClips(Path path, ClipPlan plan, double atMost) {
        Reading whole = read(path, plan, Whole::new);
        Reading limited = read(path, plan, walk -> walk);
        assertEquals(whole.clips, limited.clips);
        assertEquals(whole.damage, limited.damage);
        assertTrue(!whole.clips.isEmpty(), "the film has clips");
        assertTrue(limited.decoded <= atMost * whole.decoded, limited.decoded + " of " + whole.decoded + " frames decoded");
    }

    /** H.264 and H.265 with frames that no other refers to, and films without; the share of frames that may be decoded is what was seen, and some more. */
    @ParameterizedTest
    @CsvSource({"flower-fragmented.mp4, 0.7", "friday.mp4, 0.85", "asl_again.mkv, 0.65", "derived/flower_hevc_10bit.mp4, 0.65",
        "derived/flower_rot90_metadata.mp4, 0.8", "derived/shots_known_cuts.mp4, 0.8",
        "derived/tos_vfr.mp4, 1", "bigbuckbunny.mp4, 1", "derived/bbb_vp9_odd_427x241.webm, 1"})
    void clipsAreThoseOfDecodingEveryFrame(String name, double atMost) {
        assertSameClips(SharedFilms.film(name), new ClipPlan(8, 4 / 30.0, 1, 0, Framing.square(48), false), atMost);
    }

    /** Picture times that fall on frames, and plans that start late, overlap, leave gaps, and end after the film. */
    @ParameterizedTest
    @CsvSource({"4, 0.0333667, 0.5, 0", "3, 0.1001, 0.2002, 0", "2, 0.5, 0.75, 1.3", "16, 0.1, 0.4, 0.0167", "40, 0.2, 2, 0"})
    void anyPlanGivesTheSameClips(int frames, double interval, double hop, double start) {
        for (String name : List.of("flower-fragmented.mp4", "derived/flower_hevc_10bit.mp4")) {
            assertSameClips(SharedFilms.film(name), new ClipPlan(frames, interval, hop, start, Framing.square(32), true), 1);
        }
    }

    @Test
    void soughtClipsAreTheSame() {
        Path path = SharedFilms.film("derived/tos_h264_aac_480x200.mp4");
        ClipPlan plan = ClipPlan.of(4, 8, 2, 32);
        long[] sought = {5, 6, 2, 20, 0};
        Reading whole = read(path, plan, Whole::new, sought);
        Reading limited = read(path, plan, walk -> walk, sought);
        assertEquals(whole.clips, limited.clips);
        assertTrue(limited.decoded < 0.8 * whole.decoded, limited.decoded + " of " + whole.decoded + " frames decoded");
    }

    @Test
    void damagedFilmsGiveTheSameClipsAndReport() {
        Path path = SharedFilms.film("broken/truncated_60pct.mp4");
        assertSameClips(path, new ClipPlan(4, 0.1, 0.5, 0, Framing.square(32), false), 1);
    }

    /** Pictures just behind a jump are at other times than their packets say. */
    @ParameterizedTest
    @ValueSource(doubles = {100, 100.25})
    void clocksThatJumpGiveTheSameClips(double by) {
        Path path = dir.resolve("jump.mkv");
        JumpingClock.copy(SharedFilms.film("derived/shots_known_cuts.mp4"), path, 1, by);
        for (int i = 0; i < 15; i++) {
            assertSameClips(path, new ClipPlan(1, 0.3, 0.5, i / 30.0, Framing.square(32), false), 0.99);
        }
    }

    /** Where every frame is referred to, all are decoded, though many are wanted by nobody, and none is missed. */
    @Test
    void framesThatOthersReferToAreDecoded() {
        Path path = dir.resolve("film.mp4");
        SharedFilms.write(path, 100, 96, 64, 25, Encoding.standard().withCodec("libopenh264", "yuv420p"));
        ClipPlan plan = new ClipPlan(4, 0.2, 1, 0, Framing.square(32), false);
        assertSameClips(path, plan, 1);
        Reading limited = read(path, plan, walk -> walk);
        assertEquals(100, limited.decoded);
        assertTrue(limited.damage.isNone(), limited.damage.describe());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.7})
    void aPlanTellsWhenItTakesPictures(double start) {
        Random random = new Random(2);
        ClipPlan plan = new ClipPlan(5, 0.13, 0.4, start, Framing.square(8), false);
        int within = 0;
        for (int trial = 0; trial < 500; trial++) {
            double from = 6 * random.nextDouble() - 0.5;
            double until = from + 0.2 * random.nextDouble() * random.nextDouble();
            boolean expected = false;
            for (int k = 0; k < 40; k++) {
                for (int i = 0; i < 5; i++) {
                    expected |= plan.pictureTime(k, i) >= from && plan.pictureTime(k, i) < until;
                }
            }
            assertEquals(expected, plan.takesPictureWithin(from, until), from + " to " + until);
            within += expected ? 1 : 0;
        }
        assertTrue(within > 50 && within < 450, within + " of 500 stretches with a picture");
    }
}
