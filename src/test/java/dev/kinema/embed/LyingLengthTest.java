package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Films whose container announces a length that they do not have: what counts is their frames. */
@Timeout(60)
class LyingLengthTest {
    private static final double SECONDS = 9;
    private static final int CLIPS = 4;

    @TempDir
    private Path folder;

    private MovieEncoderConfig config() {
        return MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32);
    }

    /** The only place of some bytes. */
    private static int place(byte[] file, byte[] wanted) {
        // each byte a character
        String text = new String(file, StandardCharsets.ISO_8859_1);
        String part = new String(wanted, StandardCharsets.ISO_8859_1);
        int at = text.indexOf(part);
        assertTrue(at >= 0 && text.indexOf(part, at + 1) < 0, () -> part + " is there once");
        return at;
    }

    /** Boxes of ISO/IEC 14496-12, 8.2.2, 8.3.2 and 8.4.2, version 0: the duration stands 16 or 20 bytes after the type. */
    private Path mp4(double times) throws IOException {
        Path film = TinyNetwork.film(folder.resolve("film.mp4"), SECONDS);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(film));
        for (String type : List.of("mvhd", "tkhd", "mdhd")) {
            int box = place(bytes.array(), type.getBytes(StandardCharsets.US_ASCII)) + type.length();
            assertEquals(0, bytes.get(box), "the version");
            int duration = box + (type.equals("tkhd") ? 20 : 16);
            assertTrue(bytes.getInt(duration) > 0);
            bytes.putInt(duration, (int) (bytes.getInt(duration) * times));
        }
        return Files.write(folder.resolve("lies.mp4"), bytes.array());
    }

    /** The segment's Duration, an element 0x4489 of 8 bytes (RFC 9559, 5.1.2.10), and the tag that muxers write for the track. */
    private Path mkv(double times) throws IOException {
        Path film = TinyNetwork.film(folder.resolve("film.mkv"), SECONDS);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(film));
        int duration = place(bytes.array(), new byte[] {0x44, (byte) 0x89, (byte) 0x88}) + 3;
        assertTrue(bytes.getDouble(duration) > 0);
        bytes.putDouble(duration, bytes.getDouble(duration) * times);
        int tag = place(bytes.array(), "00:00:09.000000000".getBytes(StandardCharsets.US_ASCII));
        bytes.put(tag, (times > 1 ? "05:00:00" : times > 0 ? "00:00:02" : "00:00:00").getBytes(StandardCharsets.US_ASCII));
        return Files.write(folder.resolve("lies.mkv"), bytes.array());
    }

    private Path lying(String container, double times) throws IOException {
        return container.equals("mp4") ? mp4(times) : mkv(times);
    }

    /** FFmpeg believes an mp4 that announces less than its frames last, and not one that announces more; an mkv, it believes both. */
    @ParameterizedTest
    @CsvSource({"mp4, 2000, false", "mp4, 0.25, true", "mp4, 0, false", "mkv, 2000, true", "mkv, 0.25, true", "mkv, 0, false"})
    void whatCountsIsTheFrames(String container, double times, boolean believed) throws IOException {
        Path film = lying(container, times);
        List<OptionalLong> promised = new ArrayList<>();
        try (MovieEncoder encoder = MovieEncoder.open(config())) {
            MovieFeatures features = encoder.encode(film, (done, expected) -> promised.add(expected));
            assertEquals(CLIPS, features.clips());
            long clips = promised.get(0).orElse(CLIPS);
            assertEquals(believed, times > 1 ? clips > 1000 : clips < CLIPS, () -> "promised are " + promised);
            assertEquals(!believed || times < 1, features.damage().isNone(), features.damage().describe());
        }
    }

    @Test
    void aDeadlineIsMetWhateverIsPromised() throws IOException {
        Path film = mp4(2000);
        try (MovieEncoder encoder = MovieEncoder.open(config().withHop(0.01))) {
            Cancellation soon = Cancellation.after(Duration.ofMillis(100));
            long begun = System.nanoTime();
            EncodingStoppedException stopped = assertThrows(EncodingStoppedException.class,
                () -> encoder.encode(film, EncodingProgress.NONE, soon));
            assertEquals(EncodingStoppedException.Reason.DEADLINE, stopped.reason());
            double seconds = (System.nanoTime() - begun) / 1e9;
            assertTrue(seconds < ServingTest.LATEST, seconds + " s");
            assertEquals(new EncoderLoad(0, 0), encoder.load());
        }
    }
}
