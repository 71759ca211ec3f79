package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.Film;
import dev.kinema.embed.TinyNetwork;
import dev.kinema.run.FolderLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code kinema extract} takes, writes, says and refuses. */
@Timeout(60)
class ExtractCommandTest {
    @TempDir
    Path folder;
    private Path weights;
    private Path film;
    private Path store;

    @BeforeEach
    void make() {
        weights = TinyNetwork.backbone(folder);
        film = TinyNetwork.film(folder.resolve("film.mp4"), 4);
        store = folder.resolve("deep/store");
    }

    private CommandRun extract(Object... more) {
        List<Object> args = new ArrayList<>(List.of("extract", "--weights", weights, "--out", store, "--precision", "fp32"));
        args.addAll(List.of("--threads", "1"));
        args.addAll(List.of(more));
        return CommandRun.of(args.toArray());
    }

    @Test
    void aListAndAFilmGoIntoOneStore() throws IOException {
        Files.createDirectory(folder.resolve("films"));
        TinyNetwork.film(folder.resolve("films/a.mp4"), 3);
        Files.copy(folder.resolve("films/a.mp4"), folder.resolve("films/b.mp4"));
        Path list = Files.writeString(folder.resolve("train.csv"), "a.mp4,4\nb.mp4,0\n");
        String printed = extract(list, film, "--separator", ",", "--prefix", folder.resolve("films")).done().out();
        assertTrue(printed.startsWith("random weights: features are those of an untrained network"), printed);
        assertTrue(printed.contains("a.mp4: 2 clips in ") && printed.contains("3 of 3 films done, 0 of them before; 7 clips in"), printed);
        assertEquals(List.of("features", "index.jsonl", "store.json"), CommandRun.in(store));
        FeatureStore read = FeatureStore.open(store);
        assertEquals(3, read.entries().size());
        assertEquals(4, read.entry("a.mp4").orElseThrow().film().label());
        FeatureEntry unlabelled = read.entry(film.toString()).orElseThrow();
        assertEquals(Film.NO_LABEL, unlabelled.film().label());
        assertEquals(3, unlabelled.clips(), "a hop of 1 s");
        assertEquals(Sha256.of(weights), read.header().weightsSha256());

        printed = extract(list, film, "--separator", ",", "--prefix", folder.resolve("films")).done().out();
        assertTrue(printed.contains("3 films done before, skipped") && printed.contains("3 of 3 films done, 3 of them before"), printed);

        store = folder.resolve("of the folder");
        extract(folder.resolve("films")).done();
        assertEquals(List.of("a.mp4", "b.mp4"), FeatureStore.open(store).entries().stream().map(FeatureEntry::id).toList());
    }

    @Test
    void filmsThatFailAreNamedAndTooManyAreAnError() throws IOException {
        Path text = Files.writeString(folder.resolve("text.mp4"), "no film");
        CommandRun run = extract(film, text, "--max-failed", "0.5");
        assertEquals(ExitCode.FAILED, run.code());
        List<String> lines = run.err().lines().toList();
        assertEquals(2, lines.size(), run.err());
        assertTrue(lines.get(0).startsWith("kinema: ") && lines.get(0).contains("text.mp4"), run.err());
        assertTrue(lines.get(1).matches("kinema: 1 of 2 films failed: .*text.mp4"), run.err());
        run = extract(film, text);
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.err().contains("1 of 2 films failed, more than the share of 0.05") && run.err().contains("--max-failed"), run.err());
        assertEquals(1, FeatureStore.open(store).entries().size());
    }

    @Test
    void aStoreIsVerified() throws IOException {
        extract(film).done();
        String printed = CommandRun.of("extract", "--verify", "--out", store).done().out();
        assertTrue(printed.contains("1 film, 0 labelled, 3 clips every 1.0 s, features of width 128"), printed);
        assertTrue(printed.contains("all features are whole"), printed);
        FeatureEntry entry = FeatureStore.open(store).entries().get(0);
        byte[] bytes = Files.readAllBytes(store.resolve(entry.file()));
        bytes[bytes.length - 5] ^= 1;
        Files.write(store.resolve(entry.file()), bytes);
        CommandRun.of("extract", "--verify", "--out", store).failed(ExitCode.FAILED, entry.file(), "checksum", "extract again");
        Path other = folder.resolve("other.safetensors");
        CommandRun.of("init", "--model", "slow-d", "--depth", "26", "--width", "4", "--crop", "32", "--seed", "9", "--out", other).done();
        CommandRun.of("extract", "--verify", "--out", store, "--weights", other)
            .failed(ExitCode.FAILED, Sha256.of(weights), Sha256.of(other));
        weights = other;
        extract(film).failed(ExitCode.FAILED, "weights_sha256", "another folder");
    }

    @Test
    void wrongUsageIsNamed() throws IOException {
        extract().failed(ExitCode.USAGE, "LIST");
        extract(film, "--max-failed", "2").failed(ExitCode.USAGE, "--max-failed 2.0");
        extract(film, "--hop", "0").failed(ExitCode.USAGE, "--hop 0.0");
        extract(film, "--verify").failed(ExitCode.USAGE, "--verify", "film.mp4");
        CommandRun.of("extract", film, "--out", store).failed(ExitCode.USAGE, "--weights");
        CommandRun.of("extract", "--verify", "--out", store).failed(ExitCode.FAILED, "no feature store");
        assertFalse(Files.exists(store));
        Path list = Files.writeString(folder.resolve("a.csv"), film + " 1\n");
        extract(film, list).failed(ExitCode.FAILED, "a.csv", "with label 1", "without label");
        Files.createDirectories(store);
        try (FolderLock lock = FolderLock.of(store, "choose another folder")) {
            extract(film).failed(ExitCode.FAILED, "another run", "--out");
        }
    }

    @Test
    void theBarIsShownWhenAskedFor() {
        CommandRun run = extract(film, "--progress");
        assertEquals(ExitCode.DONE, run.code());
        assertTrue(run.err().contains("\r1/1 film.mp4 [========================] 3/3 clips, "), run.err());
        assertTrue(run.err().endsWith(" \r"), "the bar is taken away");
    }
}
