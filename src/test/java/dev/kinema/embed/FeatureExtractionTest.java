package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.Film;
import dev.kinema.data.StoredFeatures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Lists of small films through a tiny network into a store: what is done, skipped, redone, failed and interrupted. */
@Timeout(60)
class FeatureExtractionTest {
    @TempDir
    static Path shared;
    private static Path weights;
    private static MovieEncoderConfig config;
    private static Path long5;
    private static Path long4;

    @TempDir
    Path folder;

    @BeforeAll
    static void make() {
        weights = TinyNetwork.backbone(shared);
        config = MovieEncoderConfig.of(weights).withDevice("cpu", 1).withPrecision(PrecisionChoice.FP32).withHop(1);
        long5 = TinyNetwork.film(shared.resolve("five.mp4"), 5);
        long4 = TinyNetwork.film(shared.resolve("four.mp4"), 4);
    }

    @AfterEach
    void noDecoderIsLeft() {
        assertFalse(Thread.interrupted(), "a test left its thread interrupted");
        assertEquals(List.of(), Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("kinema-decode")).toList());
    }

    private static final class Ids implements FeatureExtraction.Watcher {
        final List<String> done = new ArrayList<>();
        final List<String> failed = new ArrayList<>();

        @Override
        public void done(FeatureEntry entry, double seconds) {
            done.add(entry.id());
        }

        @Override
        public void failed(Film film, KinemaException reason) {
            failed.add(film.id() + ": " + reason.getMessage());
        }
    }

    private Path store() {
        return folder.resolve("store");
    }

    @Test
    void featuresAreThoseOfTheEncoder() {
        List<Film> films = List.of(new Film("five", long5, 3), new Film("four", long4, Film.NO_LABEL));
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            Ids ids = new Ids();
            FeatureExtraction.Result result = FeatureExtraction.run(encoder, store(), films, 0, ids);
            assertEquals(List.of("five", "four"), ids.done);
            assertEquals(2, result.done());
            assertEquals(0, result.skipped());
            FeatureStore store = FeatureStore.open(store());
            store.requireBackbone(Sha256.of(weights));
            assertEquals(1, store.header().hop());
            assertEquals(16, store.header().clipFrames());
            assertEquals(32, store.header().crop());
            assertEquals("fp32", store.header().precision());
            long clips = 0;
            for (Film film : films) {
                MovieFeatures features = encoder.encode(film.path());
                StoredFeatures stored = store.read(store.entry(film.id()).orElseThrow());
                assertEquals(film, stored.entry().film());
                assertArrayEquals(features.features().toFloats(), stored.features().toFloats(), "bit for bit");
                assertEquals(features.clips(), stored.clips());
                for (int k = 0; k < stored.clips(); k++) {
                    assertEquals(k, stored.start(k), 1e-12);
                }
                clips += features.clips();
            }
            assertEquals(clips, result.clips());
            assertTrue(clips > 4, "one clip a second: " + clips);
        }
    }

    @Test
    void whatIsDoneIsSkippedAndWhatChangedIsDoneAgain() throws IOException {
        Path copy = Files.copy(long4, folder.resolve("copy.mp4"));
        List<Film> films = List.of(new Film("five", long5, 0), new Film("copy", copy, 1), new Film("four", long4, 2));
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            FeatureExtraction.run(encoder, store(), films.subList(0, 2), 0, FeatureExtraction.Watcher.NONE);
            assertEquals(List.of("four"), again(encoder, films));
            assertEquals(List.of(), again(encoder, films));
            Files.setLastModifiedTime(copy, FileTime.fromMillis(1_000_000_000_000L));
            assertEquals(List.of("copy"), again(encoder, films), "the film was touched");
            FeatureStore store = FeatureStore.open(store());
            Files.delete(store().resolve(store.entry("five").orElseThrow().file()));
            Files.write(store().resolve(store.entry("four").orElseThrow().file()), new byte[3]);
            assertEquals(List.of("five", "four"), again(encoder, films), "files that are gone or cut off");
            assertEquals(List.of(), again(encoder, films));
            assertEquals(List.of(), FeatureStore.open(store()).verify());
        }
    }

    private List<String> again(MovieEncoder encoder, List<Film> films) {
        Ids ids = new Ids();
        FeatureExtraction.Result result = FeatureExtraction.run(encoder, store(), films, 0, ids);
        assertEquals(films.size(), result.done() + result.skipped());
        return ids.done;
    }

    @Test
    void failuresAreNamedCountedAndTriedAgain() throws IOException {
        Path text = Files.writeString(folder.resolve("text.mp4"), "no film");
        Path tiny = TinyNetwork.film(folder.resolve("tiny.mp4"), 1);
        List<Film> films = List.of(new Film("text", text, 0), new Film("five", long5, 0), new Film("missing", folder.resolve("no.mp4"), 0),
            new Film("tiny", tiny, 0));
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            Ids ids = new Ids();
            String message = assertThrows(KinemaException.class,
                () -> FeatureExtraction.run(encoder, store(), films, 0.74, ids)).getMessage();
            assertTrue(message.startsWith("3 of 4 films failed") && message.contains("0.74") && message.contains("'text'"), message);
            assertEquals(List.of("five"), ids.done, "the film that could be done is");
            assertEquals(List.of("text", "missing", "tiny"), ids.failed.stream().map(f -> f.substring(0, f.indexOf(':'))).toList());
            FeatureStore store = FeatureStore.open(store());
            assertEquals(List.of("missing", "text", "tiny"), store.failures().stream().map(f -> f.film().id()).toList());
            assertTrue(store.failures().get(0).reason().contains("no.mp4"), store.failures()::toString);
            Files.copy(long4, text, StandardCopyOption.REPLACE_EXISTING);
            FeatureExtraction.Result result = FeatureExtraction.run(encoder, store(), films, 0.5, FeatureExtraction.Watcher.NONE);
            assertEquals(List.of("missing", "tiny"), result.failed().stream().map(f -> f.film().id()).toList());
            assertEquals(1, result.done());
            assertEquals(1, result.skipped());
        }
        try (MovieEncoder padding = MovieEncoder.open(config.withPadShort(true))) {
            FeatureExtraction.Result result = FeatureExtraction.run(padding, store(), films, 0.25, FeatureExtraction.Watcher.NONE);
            assertEquals(1, result.done());
            assertEquals(1, FeatureStore.open(store()).entry("tiny").orElseThrow().clips());
        }
    }

    @Test
    void listsAndStoresThatDoNotFitAreRefused() {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            Film film = new Film("five", long5, 0);
            for (List<Film> films : List.of(List.<Film>of(), List.of(film, new Film("five", long4, 0)))) {
                assertThrows(KinemaException.class,
                    () -> FeatureExtraction.run(encoder, store(), films, 0, FeatureExtraction.Watcher.NONE));
            }
            assertFalse(Files.exists(store()));
            FeatureExtraction.run(encoder, store(), List.of(film), 0, FeatureExtraction.Watcher.NONE);
        }
        try (MovieEncoder other = MovieEncoder.open(config.withHop(2))) {
            List<Film> films = List.of(new Film("a", long4, 0));
            String message = assertThrows(KinemaException.class,
                () -> FeatureExtraction.run(other, store(), films, 0, FeatureExtraction.Watcher.NONE)).getMessage();
            assertTrue(message.contains("hop_seconds 1.0, not 2.0"), message);
        }
    }

    /** Interrupted inside the second film: the first is kept, the second is neither done nor failed, and the next run does it. */
    @Test
    void anInterruptLeavesEverythingWhole() {
        List<Film> films = List.of(new Film("four", long4, 0), new Film("five", long5, 0));
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            FeatureExtraction.Watcher interrupting = new FeatureExtraction.Watcher() {
                @Override
                public EncodingProgress begun(Film film, int place) {
                    return (done, expected) -> {
                        if (place == 1 && done == 1) {
                            Thread.currentThread().interrupt();
                        }
                    };
                }
            };
            assertThrows(KinemaException.class, () -> FeatureExtraction.run(encoder, store(), films, 1, interrupting));
            assertTrue(Thread.interrupted(), "the interrupt is kept");
            FeatureStore store = FeatureStore.open(store());
            assertEquals(List.of("four"), store.entries().stream().map(FeatureEntry::id).toList());
            assertEquals(List.of(), store.failures());
            assertEquals(List.of(), store.verify());
            assertEquals(List.of("five"), again(encoder, films));
        }
    }
}
