package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_GBRP;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BILINEAR;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCoefficients;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.ffmpeg.swscale.SwsFilter;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures against whole frames that swscale converts, sampled one pixel at a time: the same bits. */
class PictureConverterTest {
    private static final int ACCURATE = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;

    @ParameterizedTest
    @CsvSource({
        // format, width, height, short side, crop, tag of the matrix, full range, turn, mirrored, by tables
        "yuv420p, 800, 332, 224, 224, 2, false, 0, false, false",
        "yuv420p, 200, 84, 64, 64, 5, true, 90, false, false",
        "yuv420p, 160, 90, 64, 64, 1, false, 180, false, false",
        "yuv420p, 90, 160, 64, 48, 9, false, 270, true, false",
        "yuv420p, 96, 64, 64, 40, 6, false, 0, true, false",
        "yuv420p, 64, 64, 96, 96, 7, true, 0, false, false",
        "yuv420p, 97, 65, 64, 64, 2, false, 0, false, false",
        "yuv420p, 34, 18, 0, 0, 4, false, 90, true, false",
        "yuv420p, 34, 6, 0, 0, 1, false, 0, false, false",
        "yuv420p, 8, 40, 0, 0, 1, false, 0, false, false",
        "yuvj420p, 200, 84, 64, 64, 2, true, 0, false, false",
        "yuv422p, 200, 84, 64, 64, 2, false, 0, false, false",
        "yuv444p, 201, 85, 64, 60, 2, false, 90, false, false",
        "yuv420p10le, 200, 84, 64, 64, 9, false, 0, false, false",
        "nv12, 200, 84, 64, 64, 1, false, 180, true, false",
        "bgr24, 200, 83, 64, 64, 2, true, 270, false, false",
        "yuv420p, 400, 300, 64, 64, 2, false, 0, false, true",
        "yuv420p, 301, 400, 64, 48, 1, true, 90, false, true",
        "yuv420p, 301, 400, 64, 64, 1, false, 0, false, true",
        "yuv420p, 310, 400, 64, 64, 6, true, 0, true, true",
        "yuv420p, 296, 400, 64, 64, 6, false, 0, false, true",
        "yuv420p, 320, 400, 64, 64, 6, false, 0, true, true",
        "yuv420p, 408, 320, 64, 64, 6, false, 0, false, true",
        "yuv420p, 299, 300, 64, 64, 9, false, 180, false, true",
        "yuv420p, 400, 302, 32, 0, 7, false, 90, false, true",
        "yuvj420p, 402, 299, 64, 60, 2, true, 0, true, true",
        "yuv422p, 400, 300, 64, 64, 5, false, 270, false, true",
        "yuv422p, 309, 400, 64, 64, 5, true, 0, true, true",
        "yuv444p, 400, 300, 64, 64, 2, false, 0, false, true"})
    void everyBitIsThatOfWholeFrames(String format, int width, int height, int side, int crop, int tag, boolean full, int turn,
            boolean mirrored, boolean tables) {
        int[] m = Orientation.matrix(turn);
        Orientation turned = Orientation.of(m[0], m[1], m[2], m[3]);
        Orientation orientation = new Orientation(turned.transposed(), turned.flipX() != mirrored, turned.flipY());
        boolean across = orientation.transposed();
        int shownWidth = across ? height : width;
        int shownHeight = across ? width : height;
        Framing framing = new Framing(side, crop);
        AVFrame frame = noise(av_get_pix_fmt(format), width, height, new Random(width));
        frame.colorspace(tag);
        frame.color_range(full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG);
        try (PictureConverter converter = new PictureConverter(Path.of("noise"), framing, orientation, shownWidth, shownHeight)) {
            ByteBuffer seen = ByteBuffer.allocateDirect(converter.width() * converter.height() * 3);
            converter.convert(frame, seen, 0);
            // a second picture must not be mixed with what is left of the first
            converter.convert(frame, seen, 0);
            int[] whole = whole(frame, PictureConverter.matrix(tag, width, height), full, tables ? SWS_BILINEAR : ACCURATE);
            Taps columns = taps(width, framing, shownWidth, shownHeight, across, orientation);
            Taps lines = taps(height, framing, shownWidth, shownHeight, !across, orientation);
            for (int y = 0; y < lines.count(); y++) {
                for (int x = 0; x < columns.count(); x++) {
                    int at = across ? x * lines.count() + y : y * columns.count() + x;
                    for (int c = 0; c < 3; c++) {
                        assertEquals(sample(whole, width, lines, y, columns, x, 8 * c), seen.get(3 * at + c) & 0xff,
                            "line " + y + ", column " + x + ", colour " + c);
                    }
                }
            }
        } finally {
            av_frame_free(frame);
        }
    }

    /** Taps along a stored axis that is shown from top to bottom ({@code down}) or from left to right. */
    private static Taps taps(int stored, Framing framing, int shownWidth, int shownHeight, boolean down, Orientation orientation) {
        int shown = down ? shownHeight : shownWidth;
        int other = down ? shownWidth : shownHeight;
        return Taps.of(stored, framing.scaled(shown, other), framing.offset(shown, other), framing.output(shown, other),
            down ? orientation.flipY() : orientation.flipX());
    }

    private static int sample(int[] rgb, int width, Taps lines, int y, Taps columns, int x, int shift) {
        float left = down(rgb, width, lines, y, columns.low()[x], shift);
        float right = down(rgb, width, lines, y, columns.high()[x], shift);
        return (int) (left + (right - left) * columns.weight()[x] + 0.5f);
    }

    private static float down(int[] rgb, int width, Taps lines, int y, int column, int shift) {
        float upper = rgb[lines.low()[y] * width + column] >> shift & 0xff;
        float lower = rgb[lines.high()[y] * width + column] >> shift & 0xff;
        return upper + (lower - upper) * lines.weight()[y];
    }

    @ParameterizedTest
    @CsvSource({"10, 10, 5", "14, 10, 4", "10, 16, 9", "16, 16, 5", "34, 12, 7", "62, 22, 1", "126, 30, 6", "352, 40, 10"})
    void halvedChromaIsConvertedAsBySwscale(int width, int height, int tag) {
        for (boolean full : new boolean[] {false, true}) {
            AVFrame frame = noise(av_get_pix_fmt("yuv420p"), width, height, new Random(width + height));
            int[] matrix = new int[4];
            sws_getCoefficients(tag).get(matrix);
            Yuv420Lines lines = new Yuv420Lines(width, height, matrix, full);
            lines.show(frame);
            int[] seen = new int[width * height];
            int[] line = new int[width];
            int[] places = new int[width];
            Arrays.setAll(places, x -> x / 2 + x % 2 * (width / 2));
            // upwards, as lines of pictures that are turned are read
            for (int y = height - 1; y >= 0; y--) {
                lines.read(y, places, line);
                System.arraycopy(line, 0, seen, y * width, width);
            }
            assertArrayEquals(whole(frame, tag, full, ACCURATE), seen, "full range " + full);
            av_frame_free(frame);
        }
    }

    /** A frame whose samples take all values, those outside the limits of a range too. */
    private static AVFrame noise(int format, int width, int height, Random random) {
        AVFrame frame = av_frame_alloc();
        frame.format(format);
        frame.width(width);
        frame.height(height);
        assertEquals(0, av_frame_get_buffer(frame, 0));
        for (int plane = 0; plane < 4 && frame.buf(plane) != null; plane++) {
            byte[] bytes = new byte[(int) frame.buf(plane).size()];
            random.nextBytes(bytes);
            for (int i = 1; format == av_get_pix_fmt("yuv420p10le") && i < bytes.length; i += 2) {
                bytes[i] &= 3;
            }
            frame.buf(plane).data().put(bytes);
        }
        return frame;
    }

    /** All pixels, {@code red | green << 8 | blue << 16}. */
    private static int[] whole(AVFrame frame, int matrix, boolean full, int flags) {
        int shown = frame.width();
        // by tables each pixel is converted alone; into planes swscale leaves out some beyond the last multiple of 16
        int width = flags == ACCURATE ? shown : (shown + 15) / 16 * 16;
        frame.width(width);
        int height = frame.height();
        SwsContext context = sws_getContext(width, height, frame.format(), width, height, AV_PIX_FMT_GBRP, flags, (SwsFilter) null,
            (SwsFilter) null, (DoublePointer) null);
        IntPointer table = sws_getCoefficients(matrix);
        sws_setColorspaceDetails(context, table, full ? 1 : 0, table, 1, 0, 1 << 16, 1 << 16);
        AVFrame converted = av_frame_alloc();
        converted.format(AV_PIX_FMT_GBRP);
        converted.width(width);
        converted.height(height);
        assertEquals(0, av_frame_get_buffer(converted, 0));
        assertEquals(height, sws_scale_frame(context, converted, frame));
        frame.width(shown);
        int[] rgb = new int[shown * height];
        int[] shifts = {8, 16, 0};
        for (int plane = 0; plane < 3; plane++) {
            BytePointer samples = converted.data(plane);
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] |= (samples.get((long) i / shown * converted.linesize(plane) + i % shown) & 0xff) << shifts[plane];
            }
        }
        sws_freeContext(context);
        av_frame_free(converted);
        return rgb;
    }
}
