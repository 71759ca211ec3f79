package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_GRAY8;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_VAAPI;
import static org.bytedeco.ffmpeg.global.avutil.av_buffer_get_ref_count;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BrokenFilmTest {
    @TempDir
    Path dir;

    private static String refusal(Path path) {
        String message = assertThrows(KinemaException.class, () -> VideoFile.open(path).close()).getMessage();
        assertTrue(message.contains("'" + path + "'"), message);
        assertFalse(message.contains("\n"), message);
        return message;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "broken/zero_bytes.mp4 | is empty (0 bytes)",
        "broken/text_renamed.mp4 | is not a film that FFmpeg can read",
        "broken/moov_missing.mp4 | has no index ('moov' box)",
        "audio_only_viper.ogg | has no video stream",
        "derived/tos_audio_only.mp4 | has no video stream"})
    void whatCannotBeReadIsRefusedWithItsCause(String name, String cause) {
        String message = refusal(SharedFilms.film(name));
        assertTrue(message.contains(cause), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "broken/truncated_60pct.mp4 | 60 | 60 frames missing, the last 2.00 s missing",
        "broken/truncated_250k.webm | 153 | the last 23.63 s missing",
        "broken/corrupted_middle.mp4 | 115 | 5 frames missing"})
    void whatCanBeDecodedIsDeliveredWithAReport(String name, int frames, String report) {
        try (VideoFile film = VideoFile.open(SharedFilms.film(name))) {
            assertEquals(frames, SharedFilms.readAll(film, Framing.square(64)).size());
            assertFalse(film.damage().isNone());
            assertTrue(film.damage().describe().startsWith(report), film.damage().describe());
        }
    }

    @Test
    void missingFileAndDirectoryAreNamed() {
        assertTrue(refusal(dir.resolve("gone.mp4")).contains("there is no film"));
        assertTrue(refusal(dir).contains("is a directory"));
    }

    @Test
    void devicesAreRefused() {
        Path device = Path.of("/dev/null");
        assumeTrue(Files.exists(device), "there is no device " + device + " here");
        assertTrue(refusal(device).contains("is a pipe or a device"), refusal(device));
    }

    @Test
    void pixelsThatCannotBeConvertedAreRefusedEachTime() {
        Ffmpeg.load();
        AVFrame frame = av_frame_alloc();
        frame.width(64);
        frame.height(48);
        frame.format(AV_PIX_FMT_GRAY8);
        assertEquals(0, av_frame_get_buffer(frame, 0));
        // surfaces of a video card: swscale reads none
        frame.format(AV_PIX_FMT_VAAPI);
        try (PictureConverter converter = new PictureConverter(dir, Framing.square(16), Orientation.UPRIGHT, 64, 48)) {
            ByteBuffer target = ByteBuffer.allocateDirect(16 * 16 * 3);
            for (int i = 0; i < 2; i++) {
                String message = assertThrows(KinemaException.class, () -> converter.convert(frame, target, 0)).getMessage();
                assertTrue(message.contains("format 'vaapi'"), message);
            }
            frame.format(AV_PIX_FMT_GRAY8);
            converter.convert(frame, target, 0);
            assertEquals(1, av_buffer_get_ref_count(frame.buf(0)), "the frame is held by no one else");
        } finally {
            av_frame_free(frame);
        }
    }

    @Test
    void textAndPlaylistsAreNoFilms() throws IOException {
        Path ansi = Files.writeString(dir.resolve("notes.txt"), "a shopping list\n".repeat(100));
        assertTrue(refusal(ansi).contains("no film"), refusal(ansi));
        Path list = Files.writeString(dir.resolve("list.ffconcat"), "ffconcat version 1.0\nfile 'notes.txt'\n");
        // named as a playlist, and not as one whose film is no film: nothing it lists has been opened
        assertTrue(refusal(list).contains("playlist (format 'concat')"), refusal(list));
        Path hls = Files.writeString(dir.resolve("film.m3u8"),
                "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n");
        assertTrue(refusal(hls).contains("playlist (format 'hls')"), refusal(hls));
    }

    @Test
    void nameWithAColonIsAFileAndNoProtocol() {
        assertTrue(refusal(Path.of("concat:one.ts|two.ts")).contains("there is no film"));
    }

    @Test
    void coverPictureIsNoVideo() throws IOException {
        String message = refusal(Files.write(dir.resolve("song.flac"), flacWithCover()));
        assertTrue(message.contains("cover picture"), message);
    }

    /** A FLAC file (RFC 9639) of a stream description and a cover of one pixel, without sound. */
    private static byte[] flacWithCover() throws IOException {
        byte[] png = Base64.getDecoder().decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIA"
                + "5agATwAAAABJRU5ErkJggg==");
        ByteArrayOutputStream cover = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(cover);
        out.writeInt(3);
        byte[] type = "image/png".getBytes(StandardCharsets.US_ASCII);
        out.writeInt(type.length);
        out.write(type);
        out.writeInt(0);
        for (int number : new int[] {1, 1, 32, 0, png.length}) {
            out.writeInt(number);
        }
        out.write(png);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        out = new DataOutputStream(file);
        out.writeBytes("fLaC");
        out.writeInt(34);
        out.writeShort(4096);
        out.writeShort(4096);
        out.write(new byte[6]);
        // 44100 Hz, 2 channels, 16 bits, 0 samples
        out.writeLong(44100L << 44 | 1L << 41 | 15L << 36);
        out.write(new byte[16]);
        out.writeInt(0x86 << 24 | cover.size());
        cover.writeTo(out);
        return file.toByteArray();
    }

    @Test
    void filmWithoutADecodableFrameIsAnError() throws IOException {
        Path good = dir.resolve("good.mp4");
        SharedFilms.write(good, 30);
        byte[] bytes = Files.readAllBytes(good);
        int data = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("mdat") + 4;
        int index = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("moov");
        assertTrue(data < index, "the pictures lie before the index");
        java.util.Arrays.fill(bytes, data, index - 4, (byte) 0);
        Path bad = Files.write(dir.resolve("bad.mp4"), bytes);
        String message = assertThrows(KinemaException.class, () -> {
            try (VideoFile film = VideoFile.open(bad)) {
                SharedFilms.readAll(film, Framing.square(32));
            }
        }).getMessage();
        assertTrue(message.contains("'" + bad + "'"), message);
        assertTrue(message.contains("30 frames missing"), message);
    }

    /** Random damage anywhere must end in frames or in an error of ours: never in a crash, a hang or another exception. */
    @Test
    void randomDamageNeverEscapes() throws IOException {
        Path good = dir.resolve("good.mp4");
        SharedFilms.write(good, 40);
        byte[] bytes = Files.readAllBytes(good);
        Random random = new Random(5);
        int read = 0;
        for (int trial = 0; trial < 40; trial++) {
            byte[] broken = java.util.Arrays.copyOf(bytes, trial % 3 == 0 ? random.nextInt(bytes.length) : bytes.length);
            for (int i = 0; i < 1 + trial * broken.length / 4000; i++) {
                if (broken.length > 0) {
                    broken[random.nextInt(broken.length)] = (byte) random.nextInt();
                }
            }
            Path path = Files.write(dir.resolve("broken.mp4"), broken);
            try (VideoFile film = VideoFile.open(path)) {
                int frames = SharedFilms.readAll(film, Framing.square(32)).size();
                assertTrue(frames <= 60, frames + " frames");
                read++;
            } catch (KinemaException e) {
                assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
            }
        }
        assertTrue(read > 5, "only " + read + " of 40 damaged films could be read");
    }
}
