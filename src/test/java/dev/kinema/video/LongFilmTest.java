package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LongFilmTest {
    private static final int SECONDS = 7200;

    @Test
    void twoHoursTakeNoMoreMemoryThanTwoMinutes(@TempDir Path dir) {
        Path path = dir.resolve("long.mp4");
        ByteBuffer picture = ByteBuffer.allocateDirect(32 * 32 * 3);
        try (VideoWriter writer = VideoWriter.create(path, 32, 32, 1)) {
            for (int i = 0; i < SECONDS; i++) {
                picture.put(i * 97 % picture.capacity(), (byte) i);
                writer.add(picture, 0);
            }
            writer.finish();
        }
        try (VideoFile film = VideoFile.open(path); ClipReader clips = film.clips(ClipPlan.of(16, 4, 2, 24))) {
            ByteBuffer clip = ByteBuffer.allocateDirect(clips.clipBytes());
            long pictures = 0;
            int count = 0;
            while (clips.next(clip, 0)) {
                if (++count == 300) {
                    pictures = directBuffers();
                }
            }
            assertEquals(SECONDS / 2, count);
            assertEquals(SECONDS, film.framesDecoded());
            // other buffers may have been collected meanwhile; none may have been added
            assertTrue(directBuffers() <= pictures, directBuffers() + " direct buffers, " + pictures + " at first");
        }
    }

    private static long directBuffers() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct")).findFirst().orElseThrow().getCount();
    }

    @Test
    void openingAndClosingLeavesNothingBehind() {
        Path path = SharedFilms.film("flower-fragmented.mp4");
        long resident = 0;
        for (int i = 0; i < 60; i++) {
            try (VideoFile film = VideoFile.open(path); FrameReader frames = film.frames(Framing.whole())) {
                ByteBuffer picture = SharedFilms.buffer(frames);
                frames.seek(i % 5);
                assertTrue(frames.next());
                frames.copyTo(picture, 0);
            }
            if (i == 20) {
                System.gc();
                resident = Pointer.physicalBytes();
            }
        }
        System.gc();
        long growth = Pointer.physicalBytes() - resident;
        // a decoder of 960x540 holds some 20 MB: forty of them left open would be 800 MB, and the JVM's own heap may grow too
        assertTrue(growth < 400L << 20, "resident memory grew by " + growth + " bytes");
    }
}
