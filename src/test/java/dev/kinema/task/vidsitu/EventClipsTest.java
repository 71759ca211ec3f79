package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.data.ClipBatch;
import dev.kinema.data.ClipLoader;
import dev.kinema.data.FilmTiming;
import dev.kinema.data.LoaderSettings;
import dev.kinema.data.Stretch;
import dev.kinema.graph.Philox;
import dev.kinema.video.FrameFiles;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventClipsTest {
    @TempDir
    private Path folder;

    @Test
    void timesAreTheEventsOwn() {
        EventClips clips = new EventClips(EventSampling.I3D);
        assertEquals(5, clips.clips());
        assertEquals(8, clips.frames());
        double[][] times = clips.times(new FilmTiming(9.7, 24), new Philox(1, 2, 3));
        assertEquals(5, times.length);
        for (int event = 0; event < 5; event++) {
            assertArrayEquals(EventSampling.I3D.times(event), times[event]);
        }
        assertEquals(294 / 30.0, times[4][7]);
    }

    /** A clip's frames come out of a loader as the toolkit's indices say, the missing last ones as copies of the last there is. */
    @Test
    void aLoaderShowsTheWantedFrames() {
        TinyFiles files = new TinyFiles(folder);
        FrameFiles.write(folder.resolve("vsitu_frames").resolve(TinyFiles.TRAIN), 290, 16, 12);
        VidSituDataset dataset = files.open();
        ClipFilms films = ClipFilms.ofSituations(dataset, dataset.situations(Split.TRAIN), 0);
        assertEquals(List.of(), films.missing());
        assertEquals(TinyFiles.TRAIN, films.films().films().get(0).id());
        try (ClipLoader loader = new ClipLoader(films.films(), new EventClips(EventSampling.SLOW_D), new Stretch(8),
                LoaderSettings.evaluation(1, 1))) {
            ClipBatch batch = loader.next();
            assertEquals(List.of(TinyFiles.TRAIN), batch.ids());
            ByteBuffer pixels = batch.pixels();
            for (int event = 0; event < 5; event++) {
                int[] indices = EventSampling.SLOW_D.indices(event);
                for (int i = 0; i < 16; i++) {
                    int grey = pixels.get((event * 16 + i) * 8 * 8 * 3) & 0xff;
                    // JPEG and the conversion of colours round to a level each; neighbours are four apart
                    assertEquals(FrameFiles.grey(Math.min(indices[i], 289)), grey, 1.5, "event " + event + ", picture " + i);
                }
            }
            batch.close();
        }
    }

    @Test
    void clipsWithoutPicturesAreNamed() {
        VidSituDataset dataset = new TinyFiles(folder).open();
        List<Clip> clips = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            clips.add(Clip.of("clip" + i, 10 * i));
        }
        for (int i = 0; i < 13; i++) {
            FrameFiles.write(folder.resolve("vsitu_frames").resolve(clips.get(i).id()), 1, 8, 8);
        }
        ClipFilms films = ClipFilms.of(dataset, clips, 0.35);
        assertEquals(13, films.films().size());
        assertTrue(films.films().films().stream().noneMatch(film -> film.isLabelled()));
        assertEquals(clips.subList(13, 20).stream().map(Clip::id).toList(), films.missing());
        assertTrue(films.describeMissing().contains("7 clips have neither"), films.describeMissing());
        String message = assertThrows(KinemaException.class, () -> ClipFilms.of(dataset, clips, 0.34)).getMessage();
        assertTrue(message.contains("7 clips") && message.contains(clips.get(13).id()) && message.contains("and 2 more")
            && message.contains("a share of 0.34 of 20"), message);
        List<Clip> unseen = clips.subList(13, 14);
        assertTrue(assertThrows(KinemaException.class, () -> ClipFilms.of(dataset, unseen, 1)).getMessage().contains("1 clip has"));
        assertThrows(KinemaException.class, () -> ClipFilms.of(dataset, List.of(), 1));
        assertThrows(IllegalArgumentException.class, () -> ClipFilms.of(dataset, clips, 1.1));
    }
}
