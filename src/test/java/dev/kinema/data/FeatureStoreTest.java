package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a store keeps, survives, finds damaged and refuses. Its films are any files. */
@Timeout(60)
class FeatureStoreTest {
    private static final int WIDTH = 6;
    private static final FeatureHeader HEADER = FeatureHeader.of("ab12", WIDTH, 1, 16, 4 / 30.0, 224, "fp32", "cpu");

    @TempDir
    Path folder;
    private Path store;

    @BeforeEach
    void name() {
        store = folder.resolve("deep/store");
    }

    private Film film(String id, int label) throws IOException {
        Path path = folder.resolve("films").resolve(id);
        Files.createDirectories(path.getParent());
        return new Film(id, Files.writeString(path, "film " + id), label);
    }

    private static HostArray features(int clips, long seed) {
        HostArray features = HostArray.allocate(DType.F32, Shape.of(clips, WIDTH));
        Philox random = Philox.named(seed, "features");
        for (int i = 0; i < features.elements(); i++) {
            features.set(i, random.normal(i));
        }
        return features;
    }

    private static HostArray starts(int clips) {
        HostArray starts = HostArray.allocate(DType.F64, Shape.of(clips));
        for (int k = 0; k < clips; k++) {
            starts.set(k, k);
        }
        return starts;
    }

    private static FeatureEntry add(FeatureWriter writer, Film film, int clips, long seed) {
        return writer.add(film, FilmIdentity.of(film.path()).orElseThrow(), features(clips, seed), starts(clips), "");
    }

    private Path index() {
        return store.resolve("index.jsonl");
    }

    private List<String> ids() {
        return FeatureStore.open(store).entries().stream().map(FeatureEntry::id).toList();
    }

    private static String message(Runnable work) {
        return assertThrows(KinemaException.class, work::run).getMessage();
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Film labelled = film("b/two words é.mp4", 7);
        Film unlabelled = film("a.mkv", Film.NO_LABEL);
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            add(writer, labelled, 3, 1);
            writer.add(unlabelled, FilmIdentity.of(unlabelled.path()).orElseThrow(), features(1, 2), starts(1), "2 frames missing");
            writer.fail(film("c.mp4", 1), "it is no film: \"text\"\nat all");
        }
        FeatureStore read = FeatureStore.open(store);
        assertEquals(HEADER, read.header());
        assertEquals(List.of("a.mkv", "b/two words é.mp4"), ids(), "in the order of ids, not of writing");
        FeatureEntry entry = read.entry(labelled.id()).orElseThrow();
        assertEquals(labelled, entry.film());
        assertEquals(FilmIdentity.of(labelled.path()).orElseThrow(), entry.identity());
        assertTrue(entry.file().matches("features/([0-9a-f]{2})/two_words__-\\1[0-9a-f]{6}\\.safetensors"), entry.file());
        StoredFeatures stored = read.read(entry);
        assertArrayEquals(features(3, 1).toFloats(), stored.features().toFloats());
        assertArrayEquals(new double[] {0, 1, 2}, stored.starts().toDoubles());
        assertEquals(unlabelled, read.entries().get(0).film());
        assertEquals("2 frames missing", read.entries().get(0).damage());
        assertEquals("it is no film: \"text\"\nat all", read.failures().get(0).reason());
        assertEquals(3, Files.readAllLines(index()).size(), "a line per film");
        assertEquals(List.of(), read.verify());
    }

    @Test
    void windowsAreSubSamplings() throws IOException {
        StoredFeatures stored;
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            FeatureEntry entry = add(writer, film("a.mp4", 0), 10, 3);
            stored = FeatureStore.open(store).read(entry);
        }
        float[] all = features(10, 3).toFloats();
        float[] window = new float[1 + 3 * WIDTH];
        stored.window(2, 3, 3, window, 1);
        for (int i = 0; i < 3; i++) {
            for (int c = 0; c < WIDTH; c++) {
                assertEquals(all[(2 + 3 * i) * WIDTH + c], window[1 + i * WIDTH + c]);
            }
        }
        assertEquals(4, StoredFeatures.windows(10, 3, 3));
        assertEquals(10, StoredFeatures.windows(10, 5, 1));
        assertEquals(0, StoredFeatures.windows(10, 3, 5));
        assertEquals(0, StoredFeatures.windows(3, Integer.MAX_VALUE, Integer.MAX_VALUE));
        stored.window(3, 3, 3, window, 0);
        assertThrows(IllegalArgumentException.class, () -> stored.window(4, 3, 3, window, 0));
        assertEquals(3, HEADER.rows(3));
        FeatureHeader half = FeatureHeader.of("ab12", WIDTH, 0.1, 16, 4 / 30.0, 224, "fp32", "cpu");
        assertEquals(3, half.rows(0.3));
        assertTrue(message(() -> HEADER.rows(1.5)).contains("every 1.5 s"));
        assertTrue(message(() -> HEADER.rows(0.5)).contains("every 1.0 s"));
    }

    /** The index as a killed run may leave it, cut after every byte of its last line. */
    @Test
    void aTornLastLineDoesNotCount() throws IOException {
        Film first = film("a.mp4", 0);
        Film second = film("b.mp4", 1);
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            add(writer, first, 2, 1);
            add(writer, second, 2, 2);
        }
        byte[] whole = Files.readAllBytes(index());
        int line = Files.readAllLines(index()).get(0).length() + 1;
        for (int length = line; length < whole.length; length += 7) {
            Files.write(index(), Arrays.copyOf(whole, length));
            assertEquals(List.of("a.mp4"), ids(), "cut at " + length);
            try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
                assertTrue(writer.keep(first).isPresent());
                assertTrue(writer.keep(second).isEmpty());
                add(writer, second, 2, 2);
            }
            assertArrayEquals(whole, Files.readAllBytes(index()), "cut at " + length);
        }
        Files.writeString(index(), "{\"id\": 3}\n" + new String(whole, StandardCharsets.UTF_8));
        assertTrue(message(() -> FeatureStore.open(store)).contains("index.jsonl line 1: has a id that is not text"));
    }

    @Test
    void anotherHeaderIsRefusedByItsFirstDifference() {
        FeatureStore.append(store, HEADER).close();
        String first = message(() -> FeatureStore.append(store, FeatureHeader.of("cd34", 9, 2, 16, 4 / 30.0, 224, "fp32", "cpu")));
        assertTrue(first.contains("weights_sha256 ab12, not cd34") && first.contains("another folder"), first);
        assertTrue(message(() -> FeatureStore.append(store, FeatureHeader.of("ab12", WIDTH, 2, 16, 4 / 30.0, 224, "bf16", "cpu")))
            .contains("hop_seconds 1.0, not 2.0"));
        assertTrue(message(() -> FeatureStore.append(store, FeatureHeader.of("ab12", WIDTH, 1, 16, 4 / 30.0, 224, "bf16", "cpu")))
            .contains("precision fp32, not bf16"));
        // another version of the writer is no difference
        FeatureStore.append(store, new FeatureHeader(1, "ab12", WIDTH, 1, 16, 4 / 30.0, 224, "fp32", "cpu", "kinema 99")).close();
    }

    @Test
    void featuresOfAnotherBackboneAreRefused() {
        FeatureStore.append(store, HEADER).close();
        FeatureStore read = FeatureStore.open(store);
        read.requireBackbone("ab12");
        String message = message(() -> read.requireBackbone("cd34"));
        assertTrue(message.contains("ab12") && message.contains("cd34"), message);
    }

    @Test
    void foldersThatAreNoStoresAreRefused() throws IOException {
        assertTrue(message(() -> FeatureStore.open(store)).contains("no feature store"));
        FeatureStore.append(store, HEADER).close();
        String good = Files.readString(store.resolve("store.json"));
        for (String bad : List.of("", "[]", "{", good.replace("\"format\": 1", "\"format\": 2"),
                good.replace("\"crop\": 224", "\"crop\": -1"),
                good.replace("\"hop_seconds\": 1.0", "\"hop_seconds\": 0"), good.replace("\"fp32\"", "3"))) {
            Files.writeString(store.resolve("store.json"), bad);
            String message = message(() -> FeatureStore.open(store));
            assertTrue(message.contains("store.json") && message.contains("another folder"), message);
        }
        Files.delete(store.resolve("store.json"));
        assertTrue(message(() -> FeatureStore.append(store, HEADER)).contains("no store.json"));
    }

    /** Every byte of a file is changed in its turn: what the file says of its tensors, and the tensors. */
    @Test
    void damageIsFoundAndNamed() throws IOException {
        FeatureEntry entry;
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            add(writer, film("a.mp4", 0), 2, 1);
            entry = add(writer, film("b.mp4", 0), 2, 2);
        }
        FeatureStore read = FeatureStore.open(store);
        Path file = store.resolve(entry.file());
        byte[] whole = Files.readAllBytes(file);
        String header = new String(whole, StandardCharsets.ISO_8859_1);
        int digest = header.indexOf("ab12");
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 2;
            Files.write(file, damaged);
            boolean matters = i < header.indexOf("weights_sha256") || i >= digest + 4 && whole[i] != ' ';
            if (matters) {
                String message = message(() -> read.read(entry));
                assertTrue(message.contains(file.toString()) && message.contains("'b.mp4'") && message.contains("remove"), message);
            }
        }
        assertEquals(1, read.verify().size());
        Files.write(file, Arrays.copyOf(whole, whole.length - 1));
        assertTrue(read.verify().get(0).contains((whole.length - 1) + " bytes instead of " + whole.length), read.verify()::toString);
        Files.delete(file);
        assertTrue(read.verify().get(0).contains("missing"), read.verify()::toString);
        Files.write(file, whole);
        assertEquals(List.of(), read.verify());
    }

    @Test
    void whatChangedIsNotKept() throws IOException {
        Film film = film("a.mp4", 0);
        FeatureEntry entry;
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            entry = add(writer, film, 2, 1);
            assertTrue(writer.keep(film).isPresent());
        }
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            assertTrue(writer.keep(film).isPresent());
            Files.setLastModifiedTime(film.path(), FileTime.fromMillis(1_000_000_000_000L));
            assertTrue(writer.keep(film).isEmpty(), "the film was touched");
            entry = add(writer, film, 3, 2);
            assertTrue(writer.keep(film).isPresent());
            Files.write(store.resolve(entry.file()), new byte[1], StandardOpenOption.APPEND);
            assertTrue(writer.keep(film).isEmpty(), "its features have another size");
            Files.delete(store.resolve(entry.file()));
            assertTrue(writer.keep(film).isEmpty(), "its features are gone");
            add(writer, film, 3, 2);
            Film relabelled = new Film(film.id(), film.path(), 5);
            assertEquals(5, writer.keep(relabelled).orElseThrow().film().label());
        }
        assertEquals(5, FeatureStore.open(store).entries().get(0).film().label());
        assertEquals(3, FeatureStore.open(store).read(FeatureStore.open(store).entries().get(0)).clips());
    }

    @Test
    void aFailureReplacesFeaturesOfAnotherFileOnly() throws IOException {
        Film film = film("a.mp4", 0);
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            add(writer, film, 2, 1);
            Files.move(film.path(), folder.resolve("away"));
            writer.fail(film, "it is not there");
            assertEquals(List.of("a.mp4"), ids(), "what is out of reach was not replaced");
            Files.writeString(film.path(), "no film any more");
            writer.fail(film, "it is no film");
            writer.fail(film, "it is no film");
            assertEquals(List.of(), ids());
            assertEquals(2, Files.readAllLines(index()).size(), "the same failure is noted once");
            add(writer, film, 1, 1);
            assertEquals(List.of("a.mp4"), ids());
            assertEquals(List.of(), FeatureStore.open(store).failures());
        }
    }

    @Test
    void equalHashesAreKeptApart() throws IOException {
        String[] twins = twins();
        Film first = new Film(twins[0], film("x.mp4", 0).path(), 0);
        Film second = new Film(twins[1], film("x.mp4", 0).path(), 0);
        for (int run = 0; run < 2; run++) {
            try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
                assertNotEquals(add(writer, first, 1, 1).file(), add(writer, second, 1, 2).file());
            }
        }
        FeatureStore read = FeatureStore.open(store);
        assertArrayEquals(features(1, 1).toFloats(), read.read(read.entry(first.id()).orElseThrow()).features().toFloats());
        assertArrayEquals(features(1, 2).toFloats(), read.read(read.entry(second.id()).orElseThrow()).features().toFloats());
    }

    /** Two ids whose files would have one name: among 100,000 ids one pair, on average, shares the 32 bits of its hash. */
    private static String[] twins() {
        Map<String, String> seen = new HashMap<>();
        Path same = Path.of("x.mp4");
        for (int i = 0; ; i++) {
            String other = seen.put(FeatureFile.name(new Film("film " + i, same, 0), 1), "film " + i);
            if (other != null) {
                return new String[] {other, "film " + i};
            }
        }
    }

    @Test
    void manyFilmsStayQuick() throws IOException {
        int count = 1000;
        List<Film> films = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            films.add(film("film-" + i + ".mp4", i % 10));
        }
        long begun = System.nanoTime();
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            for (int i = 0; i < count; i++) {
                add(writer, films.get(i), 1, i);
            }
        }
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            assertTrue(films.stream().allMatch(film -> writer.keep(film).isPresent()));
        }
        assertEquals(List.of(), FeatureStore.open(store).verify());
        double seconds = (System.nanoTime() - begun) / 1e9;
        // three forced writes a film are a few milliseconds on a slow disk
        assertTrue(seconds < 30, seconds + " s");
        TreeSet<Long> sizes = new TreeSet<>();
        try (Stream<Path> parts = Files.list(store.resolve("features"))) {
            for (Path part : parts.toList()) {
                try (Stream<Path> files = Files.list(part)) {
                    sizes.add(files.count());
                }
            }
        }
        assertTrue(sizes.last() < 20, "about 4 files a folder: " + sizes);
    }

    @Test
    void anIndexThatPointsOutsideItsStoreIsRefused() throws IOException {
        FeatureEntry entry;
        try (FeatureWriter writer = FeatureStore.append(store, HEADER)) {
            entry = add(writer, film("a.mp4", 0), 1, 1);
        }
        String good = Files.readString(index());
        for (String bad : List.of("../x.safetensors", "features/00/../../x.safetensors", "/x.safetensors", "store.json")) {
            Files.writeString(index(), good.replace(entry.file(), bad));
            assertTrue(message(() -> FeatureStore.open(store)).contains("'" + bad + "'"));
        }
        for (String bad : List.of(good.replace("\"id\":\"a.mp4\"", "\"id\":\"\""),
                good.replace("film_modified\":\"", "film_modified\":\"x"))) {
            Files.writeString(index(), bad);
            assertTrue(message(() -> FeatureStore.open(store)).contains("index.jsonl line 1: has a film, a path or a time that is none"));
        }
    }
}
