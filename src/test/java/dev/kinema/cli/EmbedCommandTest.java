package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.Npy;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.device.HostArray;
import dev.kinema.embed.ClipFeature;
import dev.kinema.embed.TinyNetwork;
import dev.kinema.graph.Shape;
import dev.kinema.run.FolderLock;
import dev.kinema.video.FrameFiles;
import dev.kinema.video.FrameFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code kinema embed} writes, skips, keeps apart and goes on with. */
@Timeout(60)
class EmbedCommandTest {
    @TempDir
    Path folder;
    private Path weights;
    private Path film;
    private Path out;

    @BeforeEach
    void make() {
        weights = TinyNetwork.backbone(folder);
        film = TinyNetwork.film(folder.resolve("film.mp4"), 5);
        out = folder.resolve("deep/out");
    }

    private CommandRun embed(Object... more) {
        List<Object> args = new ArrayList<>(List.of("embed", "--weights", weights, "--out", out, "--precision", "fp32", "--threads", "1"));
        args.addAll(List.of(more));
        return CommandRun.of(args.toArray());
    }

    private Map<String, JsonObject> index() throws IOException {
        JsonObject index = JsonParser.parseString(Files.readString(out.resolve("index.json"))).getAsJsonObject();
        Map<String, JsonObject> entries = new TreeMap<>();
        for (JsonElement entry : index.getAsJsonArray("films")) {
            entries.put(entry.getAsJsonObject().get("name").getAsString(), entry.getAsJsonObject());
        }
        return entries;
    }

    @Test
    void writesArraysTensorsAndIndex() throws IOException {
        String printed = embed(film, "--txe", TinyNetwork.contextualizer(folder)).done().out();
        assertTrue(printed.startsWith("random weights: features are those of an untrained network"), printed);
        assertTrue(printed.contains("film.mp4: 2 clips in "), printed);
        assertEquals(List.of("film.events.npy", "film.features.npy", "film.safetensors", "index.json"), CommandRun.in(out));
        assertEquals("F32 [2, 128]", Npy.read(out.resolve("film.features.npy")).type().toString());
        try (Safetensors tensors = Safetensors.open(out.resolve("film.safetensors"))) {
            assertEquals(Npy.read(out.resolve("film.features.npy")).buffer(), tensors.read("features").buffer());
            assertEquals(Npy.read(out.resolve("film.events.npy")).buffer(), tensors.read("events").buffer());
            assertEquals(Shape.of(2, 32), tensors.shape("events"));
            assertEquals(2, tensors.read("times").get(2));
            assertEquals(Shape.of(2, 16), tensors.shape("frame_times"));
            assertTrue(tensors.metadata().get("times").contains("seconds"));
        }
        JsonObject entry = index().get("film");
        assertEquals(film.toRealPath().toString(), entry.get("film").getAsString());
        assertEquals(2, entry.get("clips").getAsInt());
        assertEquals(Files.size(film), entry.getAsJsonObject("identity").get("bytes").getAsLong());
        assertEquals(Sha256.of(weights), entry.getAsJsonObject("settings").get("weights_sha256").getAsString());
        assertEquals(3, entry.getAsJsonObject("settings").get("window").getAsInt());
        assertEquals("[0.0,2.0]", entry.getAsJsonArray("start_seconds").toString());
        assertTrue(entry.get("random_weights").getAsBoolean());
        assertFalse(entry.getAsJsonObject("damage").get("found").getAsBoolean());
        assertEquals("film.events.npy", entry.getAsJsonObject("files").get("events").getAsString());
    }

    @Test
    void formatsAndHopAreSettable() {
        embed(film, "--format", "npy", "--hop", "1", "--batch", "2").done();
        assertEquals(List.of("film.features.npy", "index.json"), CommandRun.in(out));
        assertEquals(4, Npy.read(out.resolve("film.features.npy")).shape().dim(0));
        embed(film, "--format", "SAFETENSORS", "--hop", "1").done();
        assertEquals(List.of("film.safetensors", "index.json"), CommandRun.in(out), "files of the entry before are not left behind");
    }

    /** 5 seconds of frames are done as a film of them is, and are skipped until one of them changes. */
    @Test
    void aFolderOfFramesIsAFilm() throws IOException {
        Path frames = FrameFiles.write(folder.resolve("frames"), 150, 64, 48);
        assertTrue(embed(frames).done().out().contains("frames: 2 clips in "));
        assertEquals("F32 [2, 128]", Npy.read(out.resolve("frames.features.npy")).type().toString());
        assertTrue(embed(frames).done().out().contains("skipped"));
        FrameFiles.writeFrame(frames, 149, 64, 48);
        Files.setLastModifiedTime(FrameFolder.file(frames, 149), FileTime.from(Instant.now().plusSeconds(60)));
        assertFalse(embed(frames).done().out().contains("skipped"));
    }

    @Test
    void filmsThatAreDoneAreSkippedUntilSomethingChanges() throws IOException {
        embed(film).done();
        Path features = out.resolve("film.features.npy");
        FileTime mark = FileTime.fromMillis(1_000_000_000_000L);
        Files.setLastModifiedTime(features, mark);
        assertTrue(embed(film).done().out().contains("film.mp4: done before (2 clips), skipped"));
        assertTrue(embed(film, "--format", "npy").done().out().contains("skipped"), "what is wanted is there");
        assertEquals(mark, Files.getLastModifiedTime(features));

        assertFalse(embed(film, "--hop", "1").done().out().contains("skipped"));
        assertNotEquals(mark, Files.getLastModifiedTime(features));
        embed(film).done();
        Files.delete(out.resolve("film.safetensors"));
        assertFalse(embed(film).done().out().contains("skipped"), "a file is missing");
        Files.setLastModifiedTime(film, mark);
        assertFalse(embed(film).done().out().contains("skipped"), "the film is another one");
        assertTrue(embed(film).done().out().contains("skipped"));
        CommandRun.of("init", "--model", "slow-d", "--depth", "26", "--width", "4", "--crop", "32", "--seed", "9", "--out", weights).done();
        assertFalse(embed(film).done().out().contains("skipped"), "the weights are others");
        assertEquals(1, index().size());
    }

    @Test
    void filmsOfOneNameAreKeptApart() throws IOException {
        Path other = TinyNetwork.film(Files.createDirectory(folder.resolve("sub")).resolve("film.mp4"), 3);
        Path third = Files.copy(other, folder.resolve("FILM.mkv.mp4"));
        Path fourth = Files.copy(other, folder.resolve("Film.mov"));
        embed(film, other, third, fourth, film, folder.resolve("sub/../film.mp4")).done();
        Map<String, JsonObject> index = index();
        assertEquals(List.of("FILM.mkv", "Film-3", "film", "film-2"), new ArrayList<>(index.keySet()), "a film named twice is done once");
        assertEquals(film.toRealPath().toString(), index.get("film").get("film").getAsString());
        assertEquals(other.toRealPath().toString(), index.get("film-2").get("film").getAsString());
        assertEquals(2, Npy.read(out.resolve("film.features.npy")).shape().dim(0));
        assertEquals(1, Npy.read(out.resolve("film-2.features.npy")).shape().dim(0));
        // in another order, and with other settings, every film keeps its name
        embed(other, film, "--hop", "1").done();
        assertEquals(2, Npy.read(out.resolve("film-2.features.npy")).shape().dim(0));
        assertEquals(4, Npy.read(out.resolve("film.features.npy")).shape().dim(0));
    }

    @Test
    void aFilmThatFailsDoesNotStopTheOthers() throws IOException {
        Path text = Files.writeString(folder.resolve("text.mp4"), "no film");
        Path second = TinyNetwork.film(folder.resolve("second.mkv"), 3);
        CommandRun run = embed(film, text, folder.resolve("missing.mp4"), second);
        assertEquals(ExitCode.FAILED, run.code());
        List<String> lines = run.err().lines().toList();
        assertEquals(3, lines.size(), run.err());
        assertTrue(lines.get(0).startsWith("kinema: ") && lines.get(0).contains("text.mp4"), run.err());
        assertTrue(lines.get(1).contains("missing.mp4"), run.err());
        assertTrue(lines.get(2).matches("kinema: 2 of 4 films failed: .*text.mp4, .*missing.mp4"), run.err());
        assertEquals(List.of("film", "second"), new ArrayList<>(index().keySet()));
        assertEquals(5, CommandRun.in(out).size());
    }

    /** Waits until the index says that one film is done. */
    private void awaitFirst(Thread thread) throws Exception {
        while (thread.isAlive() && (Files.notExists(out.resolve("index.json")) || !Files.readString(out.resolve("index.json")).contains(
                "settings"))) {
            Thread.sleep(5);
        }
    }

    @Test
    void anInterruptedRunGoesOnWhereItWas() throws Exception {
        Path second = TinyNetwork.film(folder.resolve("second.mp4"), 30);
        AtomicReference<CommandRun> run = new AtomicReference<>();
        // the first film's entry is there, the second's 561 clips are not
        Thread thread = new Thread(() -> run.set(embed(film, second, "--hop", "0.05")));
        thread.start();
        awaitFirst(thread);
        thread.interrupt();
        thread.join();
        run.get().failed(ExitCode.INTERRUPTED, "interrupted", "same command");
        List<String> kept = new ArrayList<>(CommandRun.in(out));
        kept.removeIf(name -> name.endsWith(".unfinished"));
        assertEquals(List.of("film.features.npy", "film.safetensors", "index.json"), kept);
        CommandRun again = embed(film, second, "--hop", "0.05").done();
        assertTrue(again.out().contains("film.mp4: done before") && again.out().contains("second.mp4: 561 clips"), again.out());
        HostArray inTwoGoes = Npy.read(out.resolve("second.features.npy"));
        assertEquals(5, CommandRun.in(out).size(), "nothing unfinished is left");
        out = folder.resolve("in one go");
        embed(second, "--hop", "0.05").done();
        assertArrayEquals(Npy.read(out.resolve("second.features.npy")).toFloats(), inTwoGoes.toFloats());
    }

    @Test
    void whatAnInterruptedRunKeptIsNotEncodedAgain() throws IOException {
        embed(film, "--hop", "0.5").done();
        float[] whole = Npy.read(out.resolve("film.features.npy")).toFloats();
        JsonObject entry = index().get("film");
        HostArray frameTimes;
        try (Safetensors tensors = Safetensors.open(out.resolve("film.safetensors"))) {
            frameTimes = tensors.read("frame_times");
        }
        List<ClipFeature> marked = new ArrayList<>();
        for (int k = 0; k < 3; k++) {
            double[] times = Arrays.copyOfRange(frameTimes.toDoubles(), k * frameTimes.shape().dim(1), (k + 1) * frameTimes.shape().dim(1));
            float[] values = new float[128];
            Arrays.fill(values, 7);
            marked.add(new ClipFeature(k, 0.5 * k, 0.5 * k + 2, times, values));
        }
        out = folder.resolve("again");
        Files.createDirectories(out);
        JsonObject settings = entry.getAsJsonObject("settings");
        new UnfinishedFilm(out, film.toRealPath(), entry.getAsJsonObject("identity"), settings).keep(marked);
        assertTrue(embed(film, "--hop", "0.5").done().out().contains("goes on after the 3 clips"));
        float[] resumed = Npy.read(out.resolve("film.features.npy")).toFloats();
        Arrays.fill(whole, 0, 3 * 128, 7);
        assertArrayEquals(whole, resumed, "kept clips as they were kept, the others as without an interruption");
        settings.addProperty("hop_seconds", 0.25);
        new UnfinishedFilm(out, film.toRealPath(), entry.getAsJsonObject("identity"), settings).keep(marked);
        assertFalse(embed(film, "--hop", "1").done().out().contains("goes on"), "clips of other settings do not count");
    }

    @Test
    void oneRunAtATimeWritesToAFolder() throws IOException {
        Files.createDirectories(out);
        try (FolderLock lock = FolderLock.of(out, "wait")) {
            embed(film).failed(ExitCode.FAILED, "another run", "--out");
        }
        embed(film).done();
    }

    @Test
    void filesCutOffSinceAreMadeAgain() throws IOException {
        embed(film).done();
        Files.write(out.resolve("film.safetensors"), new byte[0]);
        assertFalse(embed(film).done().out().contains("skipped"));
        assertTrue(Files.size(out.resolve("film.safetensors")) > 0);
        assertTrue(embed(film).done().out().contains("skipped"));
    }

    @Test
    void theBarIsShownWhenAskedFor() {
        CommandRun run = embed(film, "--progress");
        assertEquals(ExitCode.DONE, run.code());
        assertTrue(run.err().contains("\rfilm.mp4 [========================] 2/2 clips, "), run.err());
        assertTrue(run.err().endsWith(" \r"), "the bar is taken away");
    }

    @Test
    void foldersThatCannotBeWrittenAreRefusedBeforeTheWork() throws IOException {
        out = folder.resolve("film.mp4");
        embed(film).failed(ExitCode.FAILED, "film.mp4", "no folder", "--out");
        out = Files.createDirectory(folder.resolve("kept"));
        Files.writeString(out.resolve("index.json"), "{\"films\": 3}");
        embed(film).failed(ExitCode.FAILED, "index.json", "no index");
        assertEquals(List.of("index.json"), CommandRun.in(out));
    }

    @Test
    void randomContextualizersAreDrawnForTheBackbone() {
        Path txe = folder.resolve("txe.safetensors");
        CommandRun.of("init", "--model", "txe", "--input-width", "128", "--width", "32", "--window", "4", "--out", txe).done();
        embed(film, "--txe", txe, "--window", "2").done();
        assertEquals(Shape.of(2, 32), Npy.read(out.resolve("film.events.npy")).shape());
        out = folder.resolve("other");
        embed(film, "--txe", txe, "--window", "5").failed(ExitCode.FAILED, "5 events", "4 positions");
        assertEquals(List.of(), CommandRun.in(out));
    }

    @Test
    void nothingThatIsReadIsWrittenOver() throws IOException {
        out = Files.createDirectory(folder.resolve("ow"));
        Path own = Files.copy(weights, out.resolve("film.safetensors"));
        Path beside = Files.copy(film, out.resolve("film.mp4"));
        CommandRun.of("embed", beside, "--weights", own, "--out", out).failed(ExitCode.USAGE, "film.safetensors", "overwrite", "--out");
        Path txe = TinyNetwork.contextualizer(folder);
        Files.copy(txe, out.resolve("film.events.npy"));
        embed(film, "--format", "npy", "--txe", out.resolve("film.events.npy")).failed(ExitCode.USAGE, "film.events.npy", "overwrite");
        Path odd = Files.copy(film, out.resolve("film.features.npy"));
        embed(film, odd, "--format", "npy").failed(ExitCode.USAGE, "film.features.npy", "overwrite");
        assertEquals(List.of("film.events.npy", "film.features.npy", "film.mp4", "film.safetensors"), CommandRun.in(out));
        assertEquals(Sha256.of(weights), Sha256.of(own));
    }

    @Test
    void filesThatTheIndexDoesNotKnowAreLeftAlone() throws IOException {
        Files.createDirectories(out);
        Path foreign = Files.writeString(out.resolve("film.safetensors"), "somebody's");
        embed(film).done();
        assertEquals("somebody's", Files.readString(foreign));
        assertEquals(List.of("film-2.features.npy", "film-2.safetensors", "film.safetensors", "index.json"), CommandRun.in(out));
        assertTrue(embed(film).done().out().contains("skipped"));
        // the name is free where its files are not in the way, and given up for another where they come to be
        Path other = TinyNetwork.film(folder.resolve("other.mp4"), 3);
        embed(other, "--format", "npy").done();
        Files.writeString(out.resolve("other.safetensors"), "somebody's");
        embed(other).done();
        assertEquals("somebody's", Files.readString(out.resolve("other.safetensors")));
        assertEquals("other-2.features.npy", index().get("other-2").getAsJsonObject("files").get("features").getAsString());
        assertFalse(Files.exists(out.resolve("other.features.npy")), "files of the entry before are not left behind");
    }

    @Test
    void filesOfARunThatEndedWhileItWroteAreItsOwn() throws IOException {
        embed(film).done();
        FilmIndex index = FilmIndex.of(out);
        index.claim(film.toRealPath(), "film", FeatureFiles.names("film", Set.of(FeatureFiles.Format.NPY), false));
        assertFalse(embed(film, "--format", "npy").done().out().contains("skipped"), "what is half written is not done");
        assertEquals(List.of("film.features.npy", "index.json"), CommandRun.in(out), "the files of the entry before the claim are removed");
        assertEquals(1, index().size());
    }

    @Test
    void aLinkGivesTheNameAndTheFileTheIdentity() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("holiday.mp4"), film);
        embed(link).done();
        assertEquals(List.of("holiday.features.npy", "holiday.safetensors", "index.json"), CommandRun.in(out));
        assertEquals(film.toRealPath().toString(), index().get("holiday").get("film").getAsString());
        assertTrue(embed(film, link).done().out().contains("film.mp4: done before"), "it is one film");
        assertEquals(1, index().size());
    }

    @Test
    void longNamesAreCut() throws IOException {
        // 250 bytes, of which the ending of its features would make more than the 255 of a file system
        Path first = Files.copy(film, folder.resolve("x".repeat(246) + ".mp4"));
        Path second = Files.copy(film, folder.resolve("x".repeat(246) + ".mkv"));
        embed(first, second, "--format", "npy").done();
        String name = "x".repeat(220);
        assertEquals(List.of("index.json", name + "-2.features.npy", name + ".features.npy"), CommandRun.in(out));
    }

    /** The second film changes while the first is encoded, when it was opened already: its entry must not fit what it has become. */
    @Test
    void aFilmIsTheOneThatWasOpened() throws Exception {
        Path second = TinyNetwork.film(folder.resolve("second.mp4"), 3);
        Path first = TinyNetwork.film(folder.resolve("first.mp4"), 30);
        String before = FilmIndex.identity(second).toString();
        AtomicReference<CommandRun> run = new AtomicReference<>();
        Thread thread = new Thread(() -> run.set(embed(first, second, "--hop", "0.1")));
        thread.start();
        while (thread.isAlive() && Thread.getAllStackTraces().keySet().stream().noneMatch(t -> t.getName().equals("kinema-decode " + second))) {
            Thread.sleep(1);
        }
        Files.setLastModifiedTime(second, FileTime.fromMillis(1_000_000_000_000L));
        thread.join();
        run.get().done();
        assertEquals(before, index().get("second").get("identity").toString());
        assertFalse(embed(second, "--hop", "0.1").done().out().contains("skipped"));
    }

    @Test
    void resultsThatCannotBeWrittenEndTheRun() throws Exception {
        Path second = TinyNetwork.film(folder.resolve("second.mp4"), 30);
        AtomicReference<CommandRun> run = new AtomicReference<>();
        Thread thread = new Thread(() -> run.set(embed(film, second, folder.resolve("third.mp4"), "--hop", "0.05")));
        thread.start();
        awaitFirst(thread);
        // the folder goes away while the second film is encoded
        Files.move(out, folder.resolve("moved"));
        thread.join();
        String line = run.get().failed(ExitCode.FAILED, out.toString(), "cannot be kept", "same command");
        assertFalse(line.contains("third.mp4"), "no further film is tried: " + line);
    }

    @Test
    void aFolderThatCannotBeMadeIsRefusedBeforeTheWork() throws IOException {
        out = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nowhere"));
        CommandRun run = embed(film, folder.resolve("missing.mp4"));
        run.failed(ExitCode.FAILED, "dangling", "nothing can be written", "--out");
    }

    @Test
    void anIndexThatPointsOutsideItsFolderIsRefused() throws IOException {
        embed(film).done();
        Path file = out.resolve("index.json");
        String good = Files.readString(file);
        Path outside = Files.writeString(folder.resolve("deep/film.features.npy"), "somebody's");
        for (String bad : List.of(good.replace("\"film.features.npy\"", "\"../film.features.npy\""),
                good.replace("\"name\": \"film\"", "\"name\": \"../film\""),
                good.replace("\"film.features.npy\"", "\"" + outside + "\""), good.replace("\"film.features.npy\"", "\"index.json\""),
                good.replace("\"film.features.npy\"", "\"film.\\u0000\""), good.replace("\"name\": \"film\"", "\"name\": \"\""))) {
            Files.writeString(file, bad);
            embed(film, "--hop", "1").failed(ExitCode.FAILED, "index.json", "--out");
        }
        assertEquals("somebody's", Files.readString(outside));
        assertEquals(List.of("film.features.npy", "film.safetensors", "index.json"), CommandRun.in(out));
    }

    @Test
    void featuresThatAreNoNumbersAreRefused() {
        Map<String, HostArray> tensors = new LinkedHashMap<>(CheckpointImport.read(weights).tensors());
        // an infinity passes through ReLU
        tensors.get("s5.pathway0_res1.branch2.c_bn.bias").set(3, Double.POSITIVE_INFINITY);
        Path damaged = folder.resolve("damaged.safetensors");
        Safetensors.write(damaged, tensors, CheckpointImport.read(weights).metadata());
        CommandRun run = CommandRun.of("embed", film, "--weights", damaged, "--out", out, "--precision", "fp32");
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.err().matches("(?s)kinema: clip 0 of '.*film.mp4' has a feature that is not finite: .*weights.*"), run.err());
        assertEquals(List.of(), CommandRun.in(out));
    }
}
