package dev.kinema.video;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;

/**
 * Lines of a frame with 8 bits a sample and chroma halved both ways (4:2:0), as RGB.
 *
 * <p>Chroma is interpolated between samples that lie in the middle of two by two pixels: 9/16 of the nearest, 3/16 of the
 * two beside it, 1/16 of the fourth; at the edges the last sample is repeated. The arithmetic is that of swscale with
 * accurate rounding and full chroma, bit by bit ({@code yuv2gbrp_full_X} in {@code libswscale/output.c}), which takes
 * several times as long because it filters with tables of taps. Coefficients count 2^-22 of a level, sums wrap around as
 * swscale's do where a film breaks the limits of its range.
 *
 * <p>Of each line the even pixels come first and then the odd ones, so that neighbours in memory are computed in the same
 * way, by vector instructions.
 */
final class Yuv420Lines implements Resampler.Lines {
    private static final int LUMA_BITS = 9;
    private static final int CHROMA_BITS = 5;
    private static final int LEVEL_BITS = 22;
    /** With fewer than five samples of chroma, swscale shortens its filter. */
    private static final int LEAST = 10;

    /** What chroma adds to red, green and blue along one line of chroma samples, a quarter of it. */
    private static final class Tint {
        final int[][] colours;
        int line = -1;

        Tint(int width) {
            colours = new int[3][width];
        }
    }

    private final int width;
    private final int half;
    private final int chromaLines;
    private final int perLuma;
    private final int black;
    /** Of red, green and blue. */
    private final int[] perU;
    private final int[] perV;
    private final byte[] bytes;
    private final int[] luma;
    private final int[] middle;
    private final int[] beside;
    private final int[] mixed;
    private final int[][] chroma;
    private final int[] pixels;
    private final Tint[] tints;
    private final ByteBuffer[] planes = new ByteBuffer[3];
    private final int[] strides = new int[3];
    private final int[] starts = new int[3];

    /**
     * @param width in pixels
     * @param height in pixels
     * @param matrix swscale's coefficients: red per V, blue per U, minus green per U, minus green per V, in 16.16 and for
     *     limited range
     */
    Yuv420Lines(int width, int height, int[] matrix, boolean fullRange) {
        if (!converts(width, height)) {
            throw new IllegalArgumentException("a picture of " + width + "x" + height + " pixels: both must be even, and "
                + LEAST + " or more");
        }
        this.width = width;
        half = width / 2;
        chromaLines = height / 2;
        int luma13 = fullRange ? 1 << 13 : rounded((255 << 16) / 219);
        perLuma = luma13 << LUMA_BITS;
        black = (1 << LEVEL_BITS - 1) - (fullRange ? 0 : 16) * perLuma;
        perU = new int[] {0, chroma(-matrix[2], fullRange), chroma(matrix[1], fullRange)};
        perV = new int[] {chroma(matrix[0], fullRange), chroma(-matrix[3], fullRange), 0};
        bytes = new byte[width];
        luma = new int[width];
        middle = new int[half];
        beside = new int[half];
        mixed = new int[half];
        chroma = new int[2][width];
        pixels = new int[width];
        tints = new Tint[] {new Tint(width), new Tint(width)};
    }

    /** Whether pictures of this size are converted here: of odd or very small ones, swscale's taps are others. */
    static boolean converts(int width, int height) {
        return width % 2 == 0 && height % 2 == 0 && width >= LEAST && height >= LEAST;
    }

    private static int chroma(int coefficient, boolean fullRange) {
        return rounded((int) (fullRange ? coefficient * 224L / 255 : coefficient)) << CHROMA_BITS;
    }

    /** From 16 to 13 bits behind the point. */
    private static int rounded(int coefficient) {
        return coefficient + 4 >> 3;
    }

    /** Reads from this frame from now on; it must be held as long as lines are read. */
    void show(AVFrame frame) {
        for (int plane = 0; plane < planes.length; plane++) {
            int columns = plane == 0 ? width : half;
            int lines = plane == 0 ? 2 * chromaLines : chromaLines;
            int stride = frame.linesize(plane);
            // a stride below 0 is that of a picture stored upside down
            int last = (lines - 1) * stride;
            starts[plane] = Math.max(0, -last);
            strides[plane] = stride;
            BytePointer data = frame.data(plane);
            planes[plane] = data.position(Math.min(0, last)).limit(Math.max(0, last) + columns).asByteBuffer();
        }
        tints[0].line = -1;
        tints[1].line = -1;
    }

    @Override
    public void read(int line, int[] places, int[] rgb) {
        fetch(0, line, width);
        splitLuma();
        int nearest = line >> 1;
        int next = Math.max(0, Math.min(nearest + ((line & 1) == 0 ? -1 : 1), chromaLines - 1));
        Tint near = tint(nearest);
        Tint far = next == nearest ? near : tint(next);
        Arrays.fill(pixels, 0);
        for (int c = 2; c >= 0; c--) {
            colour(luma, perLuma, black, near.colours[c], far.colours[c], pixels);
        }
        pick(pixels, places, rgb);
    }

    private static void pick(int[] from, int[] places, int[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = from[places[i]];
        }
    }

    private void fetch(int plane, int line, int columns) {
        planes[plane].get(starts[plane] + line * strides[plane], bytes, 0, columns);
    }

    private void splitLuma() {
        for (int i = 0; i < half; i++) {
            luma[i] = bytes[2 * i] & 0xff;
            luma[half + i] = bytes[2 * i + 1] & 0xff;
        }
    }

    private Tint tint(int line) {
        Tint tint = tints[line & 1];
        if (tint.line != line) {
            for (int plane = 1; plane < planes.length; plane++) {
                across(plane, line, chroma[plane - 1]);
            }
            for (int c = 0; c < perU.length; c++) {
                weigh(chroma[0], perU[c], chroma[1], perV[c], tint.colours[c]);
            }
            tint.line = line;
        }
        return tint;
    }

    /** Four times a line of chroma for each pixel, less four times the value that is grey. */
    private void across(int plane, int line, int[] to) {
        fetch(plane, line, half);
        for (int i = 0; i < half; i++) {
            middle[i] = bytes[i] & 0xff;
        }
        for (int odd = 0; odd < 2; odd++) {
            System.arraycopy(middle, odd, beside, 1 - odd, half - 1);
            int edge = odd * (half - 1);
            beside[edge] = middle[edge];
            between(middle, beside, mixed);
            System.arraycopy(mixed, 0, to, odd * half, half);
        }
    }

    private static void between(int[] near, int[] far, int[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = 3 * near[i] + far[i] - 512;
        }
    }

    private static void weigh(int[] first, int perFirst, int[] second, int perSecond, int[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = first[i] * perFirst + second[i] * perSecond;
        }
    }

    /** Adds one colour below those that {@code rgb} has, cut to [0, 255]. */
    private static void colour(int[] luma, int perLuma, int black, int[] near, int[] far, int[] rgb) {
        for (int i = 0; i < rgb.length; i++) {
            int sum = luma[i] * perLuma + black + 3 * near[i] + far[i];
            // without comparisons, which Java 17's compiler makes no vector instructions of: below 0 becomes 0, and 256 levels
            // or more, which the second bit from above tells, 255
            int above = sum & ~(sum >> 31);
            int level = (above | above << 1 >> 31) >>> LEVEL_BITS & 0xff;
            rgb[i] = rgb[i] << 8 | level;
        }
    }
}
