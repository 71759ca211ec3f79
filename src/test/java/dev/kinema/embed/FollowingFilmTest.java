package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.video.Damage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Films in a row: the next one's first clips are computed at the end of the one before, and are its own all the same. */
@Timeout(60)
class FollowingFilmTest {
    @TempDir
    static Path folder;
    private static Path first;
    private static Path second;
    private static MovieEncoderConfig config;

    @BeforeAll
    static void make() {
        first = TinyNetwork.film(folder.resolve("first.mp4"), 5, 3);
        second = TinyNetwork.film(folder.resolve("second.mp4"), 13, 4);
        config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32).forThroughput();
    }

    /** Opens {@link #second}, and returns when all its own memory is in use: two batches at least are decoded. */
    private static ClipStream decoded(MovieEncoder encoder) throws InterruptedException {
        ClipStream clips = encoder.open(second);
        while (encoder.memory().made() - encoder.memory().spare() < 1 + 2 * encoder.config().batch()) {
            Thread.sleep(1);
        }
        return clips;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void itsFirstClipsAreBegunAtTheEndOfTheOneBefore(int batch) throws InterruptedException {
        try (MovieEncoder encoder = MovieEncoder.open(config.withBatch(batch))) {
            MovieFeatures alone = encoder.encode(second);
            MovieFeatures before = encoder.encode(first);
            assertEquals(2, before.clips());
            assertEquals(6, alone.clips());
            for (int times = 0; times < 3; times++) {
                try (ClipStream next = decoded(encoder); ClipStream clips = encoder.open(first)) {
                    assertTrue(next.underWay().isEmpty());
                    clips.before(next);
                    assertEquals(before.features().buffer(), encoder.encode(clips, EncodingProgress.NONE).features().buffer());
                    assertFalse(next.underWay().isEmpty(), "nothing of the next film was begun");
                    List<ClipFeature> features = new ArrayList<>();
                    Damage damage = encoder.stream(next, features::add, EncodingProgress.NONE);
                    assertEquals(alone.features().buffer(), encoder.features(second, features, damage).features().buffer());
                }
            }
            assertEquals(encoder.memory().made(), encoder.memory().spare());
        }
    }

    @Test
    void oneThatIsNotEncodedLeavesNothingBehind() throws InterruptedException {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            try (ClipStream next = decoded(encoder); ClipStream clips = encoder.open(first)) {
                clips.before(next);
                assertEquals(2, encoder.encode(clips, EncodingProgress.NONE).clips());
                assertFalse(next.underWay().isEmpty());
                next.close();
                assertTrue(next.underWay().isEmpty());
                assertThrows(KinemaException.class, () -> encoder.encode(next, EncodingProgress.NONE));
            }
            assertEquals(encoder.memory().made(), encoder.memory().spare());
            assertEquals(6, encoder.encode(second).clips());
        }
    }

    @Test
    void oneThatIsNoFilmFailsInItsOwnTurn() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.mp4"), "no film");
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            try (ClipStream next = encoder.open(broken); ClipStream clips = encoder.open(first)) {
                clips.before(next);
                assertEquals(2, encoder.encode(clips, EncodingProgress.NONE).clips());
                String message = assertThrows(FilmException.class, () -> encoder.encode(next, EncodingProgress.NONE)).getMessage();
                assertTrue(message.contains("broken.mp4"), message);
            }
        }
    }

    @Test
    void anotherEncodersFilmIsRefused() {
        try (MovieEncoder encoder = MovieEncoder.open(config); MovieEncoder other = MovieEncoder.open(config);
                ClipStream clips = encoder.open(first); ClipStream foreign = other.open(second)) {
            assertThrows(IllegalArgumentException.class, () -> clips.before(foreign));
            assertThrows(IllegalArgumentException.class, () -> other.encode(clips, EncodingProgress.NONE), "of the same plan");
        }
    }

    @Test
    void forThroughputThereIsAProgramForEachOfAFewThreads() {
        assertEquals(List.of(1, 2, 3, 4, 7, 4, 5, 4, 8), List.of(1, 2, 3, 4, 7, 8, 10, 16, 32).stream()
            .map(threads -> config.withDevice("cpu", threads).forThroughput().serving().programs()).toList());
        assertEquals(0, MovieEncoderConfig.of(first).withDevice("cuda:0", 2).forThroughput().serving().programs());
    }
}
