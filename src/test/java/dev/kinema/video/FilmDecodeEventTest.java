package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording shows of a film that was read, and how reading is stopped. */
class FilmDecodeEventTest {
    @TempDir
    private Path folder;

    private Path film() {
        Path file = folder.resolve("film.mp4");
        ProceduralFilm.of(2, 64, 48, 10, 3).write(file);
        return file;
    }

    /** The one event of a recording. */
    private RecordedEvent recorded(Runnable reading) throws IOException {
        Path dump = folder.resolve("decode.jfr");
        try (Recording recording = new Recording()) {
            recording.enable(FilmDecodeEvent.NAME);
            recording.start();
            reading.run();
            recording.stop();
            recording.dump(dump);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(dump);
        assertEquals(1, events.size(), events::toString);
        return events.get(0);
    }

    @Test
    void aRecordingShowsTheFilm() throws IOException {
        Path file = film();
        RecordedEvent event = recorded(() -> {
            try (VideoFile film = VideoFile.open(file); FrameReader frames = film.frames(Framing.whole())) {
                while (frames.next()) {
                    assertTrue(frames.time() >= 0);
                }
            }
        });
        assertEquals(file.toString(), event.getString("film"));
        assertEquals("64x48", event.getInt("width") + "x" + event.getInt("height"));
        assertEquals(30, event.getLong("frames"));
        // the file holds the packets and an index
        assertTrue(event.getLong("bytes") > 100 && event.getLong("bytes") < Files.size(file), event::toString);
        long decoding = event.getDuration("decodeNanos").toNanos();
        assertTrue(decoding > 0 && decoding < event.getDuration().toNanos(), event::toString);
    }

    @Test
    void aRecordingShowsAFolderOfFrames() throws IOException {
        Path frames = FrameFiles.write(folder.resolve("frames"), 4, 32, 24);
        ByteBuffer picture = ByteBuffer.allocate(32 * 24 * 3);
        RecordedEvent event = recorded(() -> {
            try (FrameFolder film = FrameFolder.open(frames, 10); FrameWalk walk = film.frames(Framing.whole())) {
                walk.next();
                walk.copyTo(picture, 0);
                walk.next();
                walk.copyTo(picture, 0);
            }
        });
        assertEquals(frames.toString(), event.getString("film"));
        assertEquals("32x24", event.getInt("width") + "x" + event.getInt("height"));
        assertEquals(2, event.getLong("frames"));
        assertEquals(Files.size(FrameFolder.file(frames, 0)) + Files.size(FrameFolder.file(frames, 1)), event.getLong("bytes"));
        assertTrue(event.getDuration("decodeNanos").toNanos() > 0, event::toString);
    }

    /** With the frames that were taken of its iterator, and the time that this took. */
    @Test
    void aRecordingShowsAFilmThatIsGiven() throws IOException {
        GivenFilm given = GivenFilm.of(Path.of("given"), 32, 24, 10, Collections.nCopies(9, ByteBuffer.allocate(32 * 24 * 3)));
        RecordedEvent event = recorded(() -> {
            FrameWalk walk = new GivenFrames(given, Framing.whole());
            walk.next();
            walk.next();
            walk.close();
            // once is enough
            walk.close();
        });
        assertEquals("given", event.getString("film"));
        assertEquals("32x24", event.getInt("width") + "x" + event.getInt("height"));
        assertEquals(3, event.getLong("frames"), "the one ahead is taken, too");
        assertEquals(3 * 32 * 24 * 3, event.getLong("bytes"));
        long decoding = event.getDuration("decodeNanos").toNanos();
        assertTrue(decoding > 0 && decoding < event.getDuration().toNanos(), event::toString);
    }

    @Test
    void readingStopsWhenAsked() {
        AtomicBoolean stopped = new AtomicBoolean();
        try (VideoFile film = VideoFile.open(film(), 1, stopped::get); FrameReader frames = film.frames(Framing.whole())) {
            assertTrue(frames.next());
            stopped.set(true);
            assertTrue(assertThrows(KinemaException.class, frames::next).getMessage().contains("was stopped"));
        }
    }
}
