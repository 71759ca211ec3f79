package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    @Test
    void aRecordingShowsTheFilm() throws IOException {
        Path file = film();
        Path dump = folder.resolve("decode.jfr");
        try (Recording recording = new Recording()) {
            recording.enable(FilmDecodeEvent.NAME);
            recording.start();
            try (VideoFile film = VideoFile.open(file); FrameReader frames = film.frames(Framing.whole())) {
                while (frames.next()) {
                    assertTrue(frames.time() >= 0);
                }
            }
            recording.stop();
            recording.dump(dump);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(dump);
        assertEquals(1, events.size(), events::toString);
        RecordedEvent event = events.get(0);
        assertEquals(file.toString(), event.getString("film"));
        assertEquals("64x48", event.getInt("width") + "x" + event.getInt("height"));
        assertEquals(30, event.getLong("frames"));
        // the file holds the packets and an index
        assertTrue(event.getLong("bytes") > 100 && event.getLong("bytes") < Files.size(file), event::toString);
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
