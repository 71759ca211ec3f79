package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.ClipReader;
import dev.kinema.video.Footage;
import dev.kinema.video.FrameFiles;
import dev.kinema.video.FrameFolder;
import dev.kinema.video.Framing;
import dev.kinema.video.FrameWalk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of JPEG frames in the place of films. */
class FrameFolderTest {
    private static final Framing FRAMING = new Framing(24, 0);

    @TempDir
    Path folder;

    private Path frames(String name, int count) {
        return FrameFiles.write(folder.resolve(name), count, 64, 48);
    }

    /** Reads one clip of pictures at these times. */
    private static ByteBuffer read(Path frames, double... times) throws InterruptedException {
        ByteBuffer[] clips = new ByteBuffer[1];
        try (FilmClips clip = FilmClips.open(frames)) {
            clip.read(new double[][] {times}, FRAMING, clips);
            assertFalse(clip.isDamaged());
        }
        return clips[0];
    }

    private static String refused(Path frames, double... times) {
        return assertThrows(KinemaException.class, () -> read(frames, times)).getMessage();
    }

    /** All pixels of a picture have the frame's grey, to within the rounding of JPEG and of the conversion of colours. */
    private static void assertPicture(int frame, ByteBuffer clip, int place) {
        for (int i = 0; i < 24 * 32 * 3; i++) {
            assertEquals(FrameFiles.grey(frame), clip.get(place * 24 * 32 * 3 + i) & 0xff, 1.5, "frame " + frame);
        }
    }

    @Test
    void wantedFramesAreReadOnceAndOthersNotAtAll() throws IOException, InterruptedException {
        Path frames = frames("v_a-B_seg_0_10", 40);
        for (int unwanted : new int[] {0, 4, 8, 20}) {
            Files.write(FrameFolder.file(frames, unwanted), new byte[0]);
        }
        Files.writeString(frames.resolve("notes.txt"), "");
        double[][] times = {{9 / 30.0, 3 / 30.0, 9.9 / 30, 39 / 30.0}, {7 / 30.0, 3 / 30.0, 1.2999, 2}};
        int[][] expected = {{9, 3, 9, 39}, {7, 3, 38, 39}};
        ByteBuffer[] clips = new ByteBuffer[2];
        try (FilmClips reader = FilmClips.open(frames)) {
            assertEquals(40 / 30.0, reader.timing().seconds(), 1e-12);
            assertEquals(30, reader.timing().frameRate());
            // 2 s is 0.67 s after the end, more than a quarter and a frame
            assertThrows(KinemaException.class, () -> reader.read(times, FRAMING, clips));
            times[1][3] = 1.6;
            reader.read(times, FRAMING, clips);
            assertEquals(24, reader.height());
            assertEquals(32, reader.width());
        }
        for (int c = 0; c < 2; c++) {
            for (int i = 0; i < 4; i++) {
                assertPicture(expected[c][i], clips[c], i);
            }
        }
        try (FilmClips reader = FilmClips.open(frames)) {
            reader.read(times, FRAMING, clips);
            assertEquals(5, reader.picturesConverted(), "3 7 9 38 39");
            assertEquals(5, reader.framesDecoded());
        }
    }

    /** Clips of 4 pictures, 5 frames apart, every half second, of 61 frames: the last starts at 1.5 s. */
    @Test
    void clipsAreCutByAPlan() {
        Path frames = frames("plan", 61);
        ClipPlan plan = new ClipPlan(4, 5 / 30.0, 0.5, 0, FRAMING, false);
        try (Footage footage = Footage.open(frames); ClipReader clips = footage.clips(plan)) {
            assertEquals(4, plan.clipsIn(footage.duration().orElseThrow()));
            ByteBuffer clip = ByteBuffer.allocateDirect(clips.clipBytes());
            for (int k = 0; k < 4; k++) {
                assertTrue(clips.next(clip, 0), "clip " + k);
                for (int i = 0; i < 4; i++) {
                    assertPicture(15 * k + 5 * i, clip, i);
                    assertEquals((15 * k + 5 * i) / 30.0, clips.frameTime(i), 1e-12);
                }
            }
            assertFalse(clips.next(clip, 0));
            clips.seek(2);
            assertTrue(clips.next(clip, 0));
            assertPicture(30, clip, 0);
        }
        assertThrows(KinemaException.class, () -> {
            try (Footage footage = Footage.open(frames); ClipReader clips = footage.clips(new ClipPlan(40, 0.1, 1, 0, FRAMING, false))) {
                clips.next(ByteBuffer.allocateDirect(clips.clipBytes()), 0);
            }
        });
    }

    @Test
    void everyFramesOwnTimeGivesThatFrame() {
        Path frames = FrameFiles.write(folder.resolve("f"), 300, 8, 8);
        try (FrameFolder opened = FrameFolder.open(frames, 30); FrameWalk walk = opened.frames(Framing.whole())) {
            assertEquals(300, opened.count());
            for (int i = 0; i < 300; i++) {
                walk.seek(i / 30.0);
                assertTrue(walk.next());
                assertEquals(i / 30.0, walk.time(), 0, "frame " + i);
            }
            assertTrue(walk.isLast());
            assertFalse(walk.next());
            walk.seek(-1);
            assertTrue(walk.next());
            assertEquals(0, walk.time());
            assertTrue(walk.next());
            assertEquals(1 / 30.0, walk.time());
            assertEquals(0, opened.framesDecoded());
        }
        try (FrameFolder slow = FrameFolder.open(frames, 10)) {
            assertEquals(30, slow.seconds());
        }
    }

    @Test
    void theLastFramesMayBeMissingButNotMany() throws InterruptedException {
        Path frames = frames("short", 45);
        assertPicture(44, read(frames, 0, 1.8), 1);
        String message = refused(frames, 0, 1.95);
        assertTrue(message.contains("short'") && message.contains("lasts 1.500 s") && message.contains("1.950 s"), message);
    }

    @Test
    void badFramesAreNamed() throws IOException {
        Path frames = frames("bad", 12);
        Path file = FrameFolder.file(frames, 5);
        byte[] whole = Files.readAllBytes(file);
        byte[] cut = Arrays.copyOf(whole, whole.length / 2);
        for (byte[] bad : List.of(new byte[0], new byte[50], cut, "no picture at all".getBytes(),
                Arrays.copyOf(new byte[] {(byte) 0xff, (byte) 0xd8, 0, 0, 0, (byte) 0xff, (byte) 0xd9}, 40))) {
            Files.write(file, bad);
            String message = refused(frames, 0.1, 5 / 30.0);
            assertTrue(message.contains("bad_000006.jpg'") && message.contains("no whole JPEG"), message);
        }
        FrameFiles.writeFrame(frames, 5, 48, 64);
        String size = refused(frames, 0.1, 5 / 30.0);
        assertTrue(size.contains("bad_000006.jpg' is 48x64") && size.contains("bad_000004.jpg' is 64x48"), size);
        Files.delete(file);
        assertTrue(refused(frames, 0).contains("bad_000006.jpg' is missing"));
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertTrue(refused(empty, 0).contains("empty_000001.jpg"));
        Files.write(empty.resolve("other_000001.jpg"), whole);
        assertTrue(refused(empty, 0).contains("not of a film's frames"));
    }

    /** Half of a picture with much detail is gone, but its end is there: the decoder runs out of data. */
    @Test
    void aPictureWithAHoleIsDamaged() throws IOException {
        Path frames = frames("hole", 2);
        Path file = FrameFolder.file(frames, 1);
        Philox noise = new Philox(3, 0, 0);
        FrameFiles.writeJpeg(file, 64, 48, (y, x) -> (int) (noise.uniform(y * 64 + x) * (1 << 24)));
        byte[] whole = Files.readAllBytes(file);
        byte[] holed = Arrays.copyOf(whole, whole.length / 2);
        holed[holed.length - 2] = (byte) 0xff;
        holed[holed.length - 1] = (byte) 0xd9;
        Files.write(file, holed);
        assertTrue(refused(frames, 1 / 30.0).contains("hole_000002.jpg' is no whole JPEG"));
    }

    @Test
    void loadersTakeFoldersAndStretchedPictures() {
        frames("one", 30);
        frames("two", 30);
        FrameFiles.write(folder.resolve("three"), 30, 40, 70);
        Path broken = frames("broken", 30);
        broken.resolve("broken_000003.jpg").toFile().delete();
        FilmList list = FilmList.of(List.of("one", "broken", "two", "three").stream()
            .map(name -> new Film(name, folder.resolve(name), Film.NO_LABEL)).toList());
        ClipSampler sampler = new UniformViews(2, new ClipSampling(3, 4, 30));
        for (ClipTransform transform : List.of(new CentreCrop(32, 24), new Stretch(24))) {
            LoaderSettings settings = LoaderSettings.evaluation(3, 2).withMaxFailedShare(0.25);
            try (ClipLoader loader = new ClipLoader(list, sampler, transform, settings)) {
                ClipBatch batch = loader.next();
                assertEquals(List.of("one", "two", "three"), batch.ids());
                assertTrue(batch.failed().get(0).reason().contains("broken_000003.jpg"), () -> batch.failed().toString());
                batch.close();
            }
        }
    }

    @Test
    void stretchingShowsTheWholePicture() throws InterruptedException {
        Path frames = frames("wide", 1);
        // left half black, right half white, twice as wide as high
        FrameFiles.writeJpeg(FrameFolder.file(frames, 0), 128, 64, (y, x) -> x < 64 ? 0 : 0xffffff);
        Stretch stretch = new Stretch(16);
        ByteBuffer[] clips = new ByteBuffer[1];
        try (FilmClips reader = FilmClips.open(frames)) {
            reader.read(new double[][] {{0}}, stretch.framing(), clips);
            assertEquals(16, reader.width());
            assertEquals(16, reader.height());
        }
        ByteBuffer out = ByteBuffer.allocate(16 * 16 * 3 + 5);
        stretch.worker().apply(clips[0], 1, 16, 16, 0, 0, new Philox(0, 0, 0), out, 5);
        for (int i = 0; i < 256; i++) {
            assertEquals(i % 16 < 8 ? 0 : 255, out.get(5 + 3 * i) & 0xff, 3, "pixel " + i);
        }
        assertThrows(IllegalArgumentException.class,
            () -> stretch.worker().apply(clips[0], 1, 16, 17, 0, 0, new Philox(0, 0, 0), out, 0));
        assertThrows(IllegalArgumentException.class, () -> new Stretch(0));
        assertThrows(IllegalArgumentException.class, () -> new Framing(16, 12, true));
    }

    /** JFIF has one matrix, BT.601, and the full range, however large the picture; films of this width would be BT.709 by default. */
    @Test
    void coloursAreThoseOfJpeg() throws InterruptedException {
        int[] colours = {0xff0000, 0x00ff00, 0x0000ff, 0xc81e5a, 0x101010, 0xffffff};
        Path frames = frames("colours", 1);
        // 1285 is odd: the last column has but half of a chroma sample
        FrameFiles.writeJpeg(FrameFolder.file(frames, 0), 1285, 48, (y, x) -> colours[y / 8]);
        ByteBuffer[] clips = new ByteBuffer[1];
        try (FilmClips reader = FilmClips.open(frames)) {
            reader.read(new double[][] {{0}}, Framing.whole(), clips);
            assertEquals(1285, reader.width());
            assertEquals(48, reader.height());
        }
        for (int i = 0; i < colours.length; i++) {
            // in the middle of a band, away from its neighbours' halved chroma
            for (int x : new int[] {0, 600, 1284}) {
                for (int c = 0; c < 3; c++) {
                    int level = clips[0].get(((i * 8 + 4) * 1285 + x) * 3 + c) & 0xff;
                    assertEquals(colours[i] >> 16 - 8 * c & 0xff, level, 5, "colour " + i + ", column " + x + ", channel " + c);
                }
            }
        }
    }

    @Test
    void aFoldersIdentityTellsChanges() throws IOException {
        Path frames = frames("id", 3);
        FilmIdentity before = FilmIdentity.of(frames).orElseThrow();
        long bytes = 0;
        for (int i = 0; i < 3; i++) {
            bytes += Files.size(FrameFolder.file(frames, i));
        }
        assertEquals(bytes, before.bytes());
        assertEquals(before, FilmIdentity.of(frames).orElseThrow());
        Files.write(FrameFolder.file(frames, 1), new byte[7]);
        assertNotEquals(before.bytes(), FilmIdentity.of(frames).orElseThrow().bytes());
        assertTrue(FilmIdentity.of(folder.resolve("none")).isEmpty());
    }
}
