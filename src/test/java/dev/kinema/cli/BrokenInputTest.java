package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.embed.TinyNetwork;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Everything that can be wrong with an input: one line with cause and remedy, exit code 1, nothing written. */
class BrokenInputTest {
    @TempDir
    Path folder;
    private Path weights;
    private Path out;

    @BeforeEach
    void make() {
        weights = TinyNetwork.backbone(folder);
        out = folder.resolve("out");
    }

    private void refused(Path film, String... parts) {
        CommandRun run = CommandRun.of("embed", film, "--weights", weights, "--out", out);
        String line = run.failed(ExitCode.FAILED, parts);
        assertTrue(line.contains(film.getFileName().toString()), line);
        assertEquals(List.of(), CommandRun.in(out));
    }

    private static Path shared(String name) {
        Path path = Path.of("..", "shared", "videos").resolve(name);
        assumeTrue(Files.isReadable(path), "the film " + path + " is not on this machine");
        return path;
    }

    @ParameterizedTest
    @CsvSource({
        "broken/zero_bytes.mp4, is empty (0 bytes), copy it again",
        "broken/text_renamed.mp4, not a film that FFmpeg can read, check that it is a video file",
        "broken/moov_missing.mp4, no index, repair",
        "broken/one_frame.mp4, lasts 0.033 s, --pad-short",
        "audio_only_viper.ogg, no video, ",
        "derived/tos_audio_only.mp4, no video, "})
    void brokenFilms(String name, String cause, String remedy) {
        refused(shared(name), cause, remedy == null ? "" : remedy);
    }

    /** What can be decoded is encoded, and the damage is said. */
    @ParameterizedTest
    @CsvSource({
        "broken/truncated_60pct.mp4, 60 frames missing",
        "broken/truncated_250k.webm, missing",
        "broken/corrupted_middle.mp4, undecodable"})
    void damagedFilms(String name, String damage) throws IOException {
        CommandRun run = CommandRun.of("embed", shared(name), "--weights", weights, "--out", out, "--pad-short").done();
        assertTrue(run.out().contains("; damage: ") && run.out().contains(damage), run.out());
        assertTrue(Files.readString(out.resolve("index.json")).contains("\"found\": true"));
    }

    @Test
    void aSinglePictureIsAFilmWhenPadded() {
        CommandRun run = CommandRun.of("embed", shared("broken/one_frame.mp4"), "--weights", weights, "--out", out, "--pad-short").done();
        assertTrue(run.out().contains("1 clips"), run.out());
    }

    @Test
    void filmsThatAreNone() throws IOException {
        refused(folder.resolve("missing.mp4"), "there is no film", "check the path");
        refused(Files.createDirectory(folder.resolve("films")), "is a directory", "name the films in it");
        refused(Files.createFile(folder.resolve("empty.mp4")), "is empty", "copy it again");
        refused(Files.writeString(folder.resolve("page.webm"), "<html>".repeat(500)), "not a film");
        refused(TinyNetwork.film(folder.resolve("short.mp4"), 1), "lasts 1.000 s", "2.000 s", "--pad-short");
        // a name may hold anything: still one line
        refused(folder.resolve("odd %s ${x} {} @.mp4"), "there is no film");
        Path twoLines = folder.resolve("two\nlines.mp4");
        CommandRun.of("embed", twoLines, "--weights", weights, "--out", out).failed(ExitCode.FAILED, "two lines.mp4");
    }

    private void refusedWeights(Path file, String... parts) {
        Path film = folder.resolve("film.mp4");
        if (Files.notExists(film)) {
            TinyNetwork.film(film, 3);
        }
        String line = CommandRun.of("embed", film, "--weights", file, "--out", out).failed(ExitCode.FAILED, parts);
        assertTrue(line.contains(file.getFileName().toString()), line);
        assertEquals(List.of(), CommandRun.in(out));
        Path imported = folder.resolve("imported.safetensors");
        CommandRun.of("import", file, imported).failed(ExitCode.FAILED, parts);
        assertTrue(Files.notExists(imported));
    }

    @Test
    void safetensorsThatAreTruncatedOrLie() throws IOException {
        byte[] whole = Files.readAllBytes(weights);
        Path file = folder.resolve("bad.safetensors");
        Files.write(file, Arrays.copyOf(whole, whole.length - 100));
        refusedWeights(file, "truncated or damaged", "fetch it again");
        Files.write(file, Arrays.copyOf(whole, 5000));
        refusedWeights(file, "truncated or damaged");
        Files.write(file, new byte[0]);
        refusedWeights(file, "is empty", "name a .pyth");
        byte[] lying = whole.clone();
        ByteBuffer.wrap(lying).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 1L << 40);
        Files.write(file, lying);
        refusedWeights(file, "claims a header of 1099511627776 bytes");
        String header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1000000,1000000],\"data_offsets\":[0,4]}}";
        ByteBuffer small = ByteBuffer.allocate(8 + header.length() + 4).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length())
            .put(header.getBytes(StandardCharsets.UTF_8));
        Files.write(file, small.array());
        refusedWeights(file, "takes 4000000000000");
        refusedWeights(folder.resolve("none.safetensors"), "no such file", "check the path");
        refusedWeights(folder.resolve(".").normalize(), "is a folder");
    }

    /** GLOBAL os.system, called with a text: nothing of it may happen. */
    @Test
    void picklesThatNameACallable() throws IOException {
        Path proof = folder.resolve("executed");
        String command = "touch " + proof;
        byte[] text = command.getBytes(StandardCharsets.UTF_8);
        ByteBuffer pickle = ByteBuffer.allocate(text.length + 100).order(ByteOrder.LITTLE_ENDIAN).put((byte) 0x80).put((byte) 2)
            .put("cos\nsystem\nX".getBytes(StandardCharsets.US_ASCII));
        pickle.putInt(text.length).put(text).put((byte) 0x85).put((byte) 'R').put((byte) '.');
        Path file = folder.resolve("evil.pkl");
        Files.write(file, Arrays.copyOf(pickle.array(), pickle.position()));
        refusedWeights(file, "os", "system");
        assertTrue(Files.notExists(proof));
    }

    @Test
    void tensorsOfAnotherShape() {
        Map<String, HostArray> tensors = new LinkedHashMap<>(CheckpointImport.read(weights).tensors());
        tensors.put("s3.pathway0_res0.branch2.b.weight", HostArray.allocate(DType.F32, Shape.of(2, 2, 1, 3, 3)));
        Path file = folder.resolve("shape.safetensors");
        Safetensors.write(file, tensors, CheckpointImport.read(weights).metadata());
        refusedWeights(file, "s3.pathway0_res0.branch2.b.weight is [2, 2, 1, 3, 3], expected [8, 8, 1, 3, 3]");
    }

    @Test
    void keysThatTheConfigurationDoesNotHave() {
        Map<String, String> metadata = new LinkedHashMap<>(CheckpointImport.read(weights).metadata());
        metadata.compute("kinema.model", (key, model) -> model.replace("\"width\"", "\"widh\""));
        Path file = folder.resolve("key.safetensors");
        Safetensors.write(file, CheckpointImport.read(weights).tensors(), metadata);
        refusedWeights(file, "slow.widh: unknown key (did you mean width?)");
        metadata.put("kinema.model", "{\"slow\":{");
        Safetensors.write(file, CheckpointImport.read(weights).tensors(), metadata);
        refusedWeights(file, "is not YAML");
        metadata.remove("kinema.model");
        Safetensors.write(file, CheckpointImport.read(weights).tensors(), metadata);
        refusedWeights(file, "lacks the metadata kinema.model");
    }

    @Test
    void contextualizersThatDoNotFit() {
        Path film = TinyNetwork.film(folder.resolve("film.mp4"), 3);
        Path txe = folder.resolve("txe.safetensors");
        CommandRun.of("init", "--model", "txe", "--width", "32", "--input-width", "64", "--out", txe).done();
        CommandRun.of("embed", film, "--weights", weights, "--txe", txe, "--out", out).failed(ExitCode.FAILED, "64", "128");
        CommandRun.of("embed", film, "--weights", weights, "--txe", weights, "--out", out).failed(ExitCode.FAILED, "holds a backbone");
        assertEquals(List.of(), CommandRun.in(out));
    }
}
