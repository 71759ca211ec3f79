package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.metric.NearestNeighbours;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFilmTest {
    private static final EventFilm.Format SMALL = EventFilm.Format.SMALL;
    private static final int WIDTH = SMALL.width();
    private static final int HEIGHT = SMALL.height();
    private static final int CLASSES = EventFilm.MOST_CLASSES;
    private static final long CHECKSUM = 991503052L;

    private static ByteBuffer frame(EventFilm film, int index) {
        ByteBuffer picture = ByteBuffer.allocateDirect(film.width() * film.height() * 3);
        film.render(index, picture, 0);
        return picture;
    }

    @Test
    void seedDecidesEveryPixel() {
        List<Integer> all = List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        ByteBuffer pictures = ByteBuffer.allocateDirect(10 * WIDTH * HEIGHT * 3);
        EventFilm film = EventFilm.of(7, all, SMALL);
        for (int i = 0; i < 10; i++) {
            film.render(i * 20 + 13, pictures, i * WIDTH * HEIGHT * 3);
        }
        // a fixed number, so that another machine or JDK that draws otherwise is found out
        assertEquals(CHECKSUM, SharedFilms.checksum(pictures));
        assertEquals(frame(EventFilm.of(7, all, SMALL), 133), frame(film, 133), "in whatever order frames are drawn");
        assertNotEquals(frame(EventFilm.of(8, all, SMALL), 133), frame(film, 133));
    }

    @Test
    void eventsFollowOneAnother() {
        EventFilm film = EventFilm.of(1, List.of(2, 4, 2), new EventFilm.Format(80, 60, 12.5, 1.5));
        assertEquals(List.of(new EventFilm.Event(2, 0, 1.5), new EventFilm.Event(4, 1.5, 3), new EventFilm.Event(2, 3, 4.5)), film.events());
        assertEquals(4.5, film.duration());
        assertEquals(56, film.frames());
        assertEquals("blobs, boiling", film.events().get(1).title());
        Set<String> titles = new HashSet<>();
        for (int label = 0; label < CLASSES; label++) {
            titles.add(EventFilm.title(label));
        }
        assertEquals(CLASSES, titles.size());
        assertThrows(IllegalArgumentException.class, () -> EventFilm.title(CLASSES));
        assertThrows(IllegalArgumentException.class, () -> EventFilm.single(1, -1, SMALL));
        assertThrows(IllegalArgumentException.class, () -> EventFilm.of(1, List.of(), SMALL));
        assertThrows(IllegalArgumentException.class, () -> new EventFilm.Format(8, 48, 10, 2));
        assertThrows(IllegalArgumentException.class, () -> new EventFilm.Format(64, 48, 10, 0.01));
    }

    @Test
    void picturesJumpBetweenEventsAndOnlyThere() {
        // 11.2 and 16 frames an event
        for (double fps : new double[] {7, 10}) {
            EventFilm film = EventFilm.of(6, List.of(0, 4, 1, 3, 3, 7, 6, 2, 5, 9, 8), new EventFilm.Format(64, 48, fps, 1.6));
            Set<Integer> starts = new HashSet<>();
            film.events().forEach(event -> starts.add((int) Math.round(event.start() * fps)));
            ByteBuffer last = frame(film, 0);
            for (int i = 1; i < film.frames(); i++) {
                ByteBuffer now = frame(film, i);
                double difference = SharedFilms.meanDifference(last, now);
                assertTrue(starts.contains(i) ? difference > 60 : difference > 0 && difference < 55, "frame " + i + ": " + difference);
                last = now;
            }
        }
    }

    /**
     * How much the luma of a picture changes over steps across and down, as shares of all: blind to colour, brightness, contrast and which
     * of two is the brighter.
     */
    private static float[] structure(ByteBuffer rgb) {
        int[] luma = new int[WIDTH * HEIGHT];
        for (int i = 0; i < luma.length; i++) {
            luma[i] = 299 * (rgb.get(3 * i) & 0xff) + 587 * (rgb.get(3 * i + 1) & 0xff) + 114 * (rgb.get(3 * i + 2) & 0xff);
        }
        float[] changes = new float[7 * 13];
        double sum = 0;
        for (int dy = 0; dy < 7; dy++) {
            for (int dx = -6; dx <= 6; dx++) {
                double change = 0;
                for (int y = 0; y + dy < HEIGHT; y++) {
                    for (int x = Math.max(0, -dx); x + Math.max(0, dx) < WIDTH; x++) {
                        change += Math.abs(luma[(y + dy) * WIDTH + x + dx] - luma[y * WIDTH + x]);
                    }
                }
                changes[dy * 13 + dx + 6] = (float) (change / (HEIGHT - dy) / (WIDTH - Math.abs(dx)));
                sum += changes[dy * 13 + dx + 6];
            }
        }
        for (int i = 0; i < changes.length; i++) {
            changes[i] = (float) (changes[i] / sum - 1.0 / changes.length);
        }
        return changes;
    }

    private static float[] meanColour(ByteBuffer rgb) {
        float[] mean = new float[3];
        for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
            mean[i % 3] += ((rgb.get(i) & 0xff) - 127.5f) / (WIDTH * HEIGHT);
        }
        return mean;
    }

    @Test
    void structureTellsClassesAndColourDoesNot() {
        int films = 32 * CLASSES;
        float[][] structures = new float[films][];
        float[][] colours = new float[films][];
        int[] labels = new int[films];
        for (int i = 0; i < films; i++) {
            labels[i] = i % CLASSES;
            ByteBuffer picture = frame(EventFilm.single(1000 + i, labels[i], SMALL), 10);
            structures[i] = structure(picture);
            colours[i] = meanColour(picture);
        }
        double byStructure = new NearestNeighbours(3, 0.1).accuracyLeavingOneOut(structures, labels);
        double byColour = new NearestNeighbours(10, 0.1).accuracyLeavingOneOut(colours, labels);
        assertTrue(byStructure > 0.9, "by structure " + byStructure);
        // chance is 0.1, and three deviations of 320 draws above it 0.15
        assertTrue(byColour < 0.15, "by colour " + byColour);
    }

    @Test
    void eventsOfAClassHaveAllColours() {
        for (int label = 0; label < CLASSES; label++) {
            float[][] colours = new float[40][];
            for (int i = 0; i < 40; i++) {
                colours[i] = meanColour(frame(EventFilm.single(i, label, SMALL), 0));
            }
            double[] deviation = new double[3];
            for (int channel = 0; channel < 3; channel++) {
                double mean = 0;
                for (float[] colour : colours) {
                    mean += colour[channel] / 40;
                }
                for (float[] colour : colours) {
                    deviation[channel] += Math.pow(colour[channel] - mean, 2) / 40;
                }
            }
            for (int channel = 0; channel < 3; channel++) {
                assertTrue(Math.sqrt(deviation[channel]) > 16, EventFilm.title(label) + ", channel " + channel + ": " + deviation[channel]);
            }
        }
    }

    @Test
    void setsAreWrittenWithTheirList(@TempDir Path dir) throws IOException {
        EventFilmSet set = EventFilmSet.singles(5, 4, 3, SMALL, 1);
        Path list = set.write(dir.resolve("a/b"));
        assertEquals("events-5-00000.mp4 0\nevents-5-00001.mp4 1\nevents-5-00002.mp4 2\nevents-5-00003.mp4 0\n", Files.readString(list));
        double worst = 0;
        for (int i = 0; i < 4; i++) {
            try (VideoFile file = VideoFile.open(list.resolveSibling(set.name(i))); FrameReader frames = file.frames(Framing.whole())) {
                ByteBuffer picture = SharedFilms.buffer(frames);
                int k = 0;
                for (; frames.next(); k++) {
                    frames.copyTo(picture, 0);
                    worst = Math.max(worst, SharedFilms.meanDifference(picture, frame(set.film(i), k)));
                }
                assertEquals(10, k);
            }
        }
        // the chroma is halved, and fine textures differ in chroma too; another event's picture differs by 60 and more
        assertTrue(worst < 20, "difference " + worst);
        assertEquals(frame(set.film(2), 3), frame(EventFilmSet.singles(5, 100, 3, SMALL, 1).film(2), 3), "films do not depend on their number");
    }

    @Test
    void setsOfOtherSeedsShareNoFilm() {
        Set<ByteBuffer> first = new HashSet<>();
        for (long seed = 0; seed < 4; seed++) {
            EventFilmSet set = EventFilmSet.singles(seed, 30, 2, SMALL, 1);
            for (int i = 0; i < 30; i++) {
                first.add(frame(set.film(i), 0));
            }
        }
        assertEquals(120, first.size());
    }

    @Test
    void sequencesHaveNoLabel(@TempDir Path dir) throws IOException {
        EventGrammar grammar = EventGrammar.of(1, 8);
        EventFilmSet set = EventFilmSet.sequences(9, 2, 3, grammar, SMALL.withEventSeconds(0.5));
        assertEquals("events-9-00000.mp4\nevents-9-00001.mp4\n", Files.readString(set.write(dir)));
        assertEquals(3, set.film(1).events().size());
        assertEquals(15, set.film(1).frames());
        assertThrows(IllegalArgumentException.class, () -> set.film(2));
        assertThrows(IllegalArgumentException.class, () -> EventFilmSet.sequences(9, 2, 0, grammar, SMALL));
    }
}
