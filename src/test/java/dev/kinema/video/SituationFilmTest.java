package dev.kinema.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.video.SituationFilm.Moment;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SituationFilmTest {
    private static final EventFilm.Format FORMAT = EventFilm.Format.SMALL;

    private static ByteBuffer frame(long seed, int frame, Moment... moments) {
        ByteBuffer picture = ByteBuffer.allocate(FORMAT.width() * FORMAT.height() * 3);
        SituationFilm.of(seed, List.of(moments), FORMAT).render(frame, picture, 0);
        return picture;
    }

    /** Colour of a pixel as 0xRRGGBB. */
    private static int pixel(ByteBuffer picture, int x, int y) {
        int at = (y * FORMAT.width() + x) * 3;
        return (picture.get(at) & 255) << 16 | (picture.get(at + 1) & 255) << 8 | picture.get(at + 2) & 255;
    }

    @Test
    void theSeedDecidesAllPixels() {
        Moment moment = new Moment(0, 1, 2, 3, 4);
        assertEquals(frame(5, 7, moment), frame(5, 7, moment));
        assertNotEquals(frame(5, 7, moment), frame(6, 7, moment));
        assertNotEquals(frame(5, 7, moment), frame(5, 8, moment));
    }

    /** All else the same, each of what an event shows can be seen. */
    @Test
    void everyPartIsVisible() {
        Set<ByteBuffer> pictures = new HashSet<>();
        int made = 0;
        for (int i = 0; i < 5; i++, made += 5) {
            pictures.add(frame(1, 5, new Moment(i + 1, 0, SituationFilm.NONE, SituationFilm.NONE, 0)));
            pictures.add(frame(1, 5, new Moment(0, i, SituationFilm.NONE, SituationFilm.NONE, 1)));
            pictures.add(frame(1, 5, new Moment(0, 0, i, SituationFilm.NONE, 2)));
            pictures.add(frame(1, 5, new Moment(0, 0, SituationFilm.NONE, i, 3)));
            pictures.add(frame(1, 5, new Moment(0, 0, 5, 5, i)));
        }
        assertEquals(made, pictures.size());
    }

    @Test
    void placesAreAboveAndBelowAndEventsFollowOneAnother() {
        Moment first = new Moment(0, 0, SituationFilm.NONE, SituationFilm.NONE, 0);
        Moment second = new Moment(1, 0, SituationFilm.NONE, SituationFilm.NONE, 1);
        int red = pixel(frame(1, 19, first, second), 3, 0);
        assertEquals(red, pixel(frame(1, 0, first, second), 60, FORMAT.height() - 1));
        int green = pixel(frame(1, 20, first, second), 3, 0);
        assertTrue((red >> 16 & 255) > (red >> 8 & 255) && (green >> 16 & 255) < (green >> 8 & 255), "events last 2 s, 20 frames");
        assertEquals(40, SituationFilm.of(1, List.of(first, second), FORMAT).frames());
    }

    @Test
    void whatThereIsNotIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Moment(EventFilm.MOST_CLASSES, 0, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Moment(0, SituationFilm.NONE, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Moment(0, 0, SituationFilm.THINGS, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Moment(0, 0, 0, SituationFilm.ACTORS, 0));
        assertThrows(IllegalArgumentException.class, () -> new Moment(0, 0, 0, 0, SituationFilm.PLACES));
    }
}
