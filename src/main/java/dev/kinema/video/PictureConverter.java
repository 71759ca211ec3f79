package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT2020_CL;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT2020_NCL;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT470BG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_FCC;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_SMPTE170M;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_SMPTE240M;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_GBRP;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB0;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV422P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ420P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ422P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ440P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ444P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_apply_cropping;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_ref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt_name;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BILINEAR;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCoefficients;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_isSupportedInput;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.file.Path;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.ffmpeg.swscale.SwsFilter;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;

/**
 * Decoded frames to RGB pictures, framed and upright.
 *
 * <p>swscale converts the part of the frame that the framing keeps to RGB, whatever its pixel format, bit depth and chroma
 * subsampling, a plane for each colour, which it has vector instructions for; {@link Resampler} scales and turns it. What
 * most films have, 8 bits and halved chroma, {@link Yuv420Lines} converts as swscale does, unless little of many pixels is
 * looked at. The matrix is the frame's tag; without one it is BT.709 for pictures at least 1280 wide or more than 576 high and BT.601
 * below, as players do. Of an interlaced frame the field shown first is taken and the lines between are interpolated: exact
 * after a seek, with no neighbours to wait for.
 * Wide-gamut and high dynamic range films get their matrix, but no tone mapping.
 */
final class PictureConverter implements AutoCloseable {
    /** Pixels around the part kept, so that chroma at its edge is interpolated as inside the whole picture. */
    private static final int MARGIN = 8;

    private static final int ACCURATE = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;

    /** What a frame must share with the frame before it to be converted with the same tables. */
    private record Kind(int width, int height, int format, int matrix, boolean fullRange, int field) {
        static final int PROGRESSIVE = -1;

        boolean interlaced() {
            return field != PROGRESSIVE;
        }

        int fieldLines() {
            return (height - field + 1) / 2;
        }
    }

    /** Lines of {@code stride} bytes. */
    private record Plane(ByteBuffer bytes, int stride) {
    }

    /** A picture with a plane for each colour. */
    private static final class PlanarLines implements Resampler.Lines {
        private final Plane[] planes;
        private final byte[][] bytes;

        PlanarLines(Plane red, Plane green, Plane blue, int width) {
            planes = new Plane[] {red, green, blue};
            bytes = new byte[planes.length][width];
        }

        @Override
        public void read(int line, int[] places, int[] rgb) {
            for (int c = 0; c < planes.length; c++) {
                planes[c].bytes.get(line * planes[c].stride, bytes[c]);
            }
            pick(bytes[0], bytes[1], bytes[2], places, rgb);
        }

        private static void pick(byte[] red, byte[] green, byte[] blue, int[] places, int[] rgb) {
            for (int i = 0; i < rgb.length; i++) {
                int at = places[i];
                rgb[i] = red[at] & 0xff | (green[at] & 0xff) << 8 | (blue[at] & 0xff) << 16;
            }
        }
    }

    /** A picture of four bytes a pixel: red, green, blue and one that says nothing. */
    private static final class PackedLines implements Resampler.Lines {
        private final IntBuffer pixels;
        private final int stride;
        private final int[] whole;

        PackedLines(Plane plane, int width) {
            pixels = plane.bytes.order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
            stride = plane.stride / Integer.BYTES;
            whole = new int[width];
        }

        @Override
        public void read(int line, int[] places, int[] rgb) {
            pixels.get(line * stride, whole);
            pick(whole, places, rgb);
        }

        private static void pick(int[] from, int[] places, int[] rgb) {
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = from[places[i]] & 0xffffff;
            }
        }
    }

    private final Path path;
    private final Framing framing;
    private final Orientation orientation;
    private final int shownWidth;
    private final int shownHeight;
    private final AVFrame view = Ffmpeg.allocated(av_frame_alloc());
    private final AVFrame rgb = Ffmpeg.allocated(av_frame_alloc());
    private Kind kind;
    private SwsContext colour;
    private Resampler resampler;
    private Resampler.Lines pixels;
    /** The frame's own samples, where they need no swscale: then there are no {@link #colour} and {@link #rgb}. */
    private Yuv420Lines samples;
    private long top;
    private long bottom;
    private long left;
    private long right;

    /** @param shownWidth width that every frame is delivered for, upright and before framing */
    PictureConverter(Path path, Framing framing, Orientation orientation, int shownWidth, int shownHeight) {
        this.path = path;
        this.framing = framing;
        this.orientation = orientation;
        this.shownWidth = shownWidth;
        this.shownHeight = shownHeight;
    }

    int width() {
        return framing.output(shownWidth, shownHeight);
    }

    int height() {
        return framing.output(shownHeight, shownWidth);
    }

    /** Writes {@code frame} as u8 RGB [H,W,3] at {@code offset} of {@code target}, whose position is left alone. */
    void convert(AVFrame frame, ByteBuffer target, int offset) {
        Kind wanted = kindOf(frame);
        try {
            if (!wanted.equals(kind)) {
                prepare(wanted, frame);
            }
            narrow(frame, wanted);
            if (samples != null) {
                samples.show(view);
            } else {
                Ffmpeg.check(sws_scale_frame(colour, rgb, view), "convert the colours of", path);
            }
            resampler.run(pixels, target, offset);
        } finally {
            av_frame_unref(view);
        }
    }

    private static Kind kindOf(AVFrame frame) {
        int flags = frame.flags();
        int field = Kind.PROGRESSIVE;
        if ((flags & Decoder.INTERLACED) != 0 && frame.height() >= 4) {
            field = (flags & Decoder.TOP_FIELD_FIRST) != 0 ? 0 : 1;
        }
        int format = frame.format();
        boolean full = frame.color_range() == AVCOL_RANGE_JPEG || format == AV_PIX_FMT_YUVJ420P
                || format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUVJ440P || format == AV_PIX_FMT_YUVJ444P;
        int matrix = matrix(frame.colorspace(), frame.width(), frame.height());
        return new Kind(frame.width(), frame.height(), format, matrix, full, field);
    }

    /** The tag where it names a matrix that swscale has, otherwise the players' guess from the size. */
    static int matrix(int tag, int width, int height) {
        if (tag == AVCOL_SPC_BT709 || tag == AVCOL_SPC_FCC || tag == AVCOL_SPC_BT470BG || tag == AVCOL_SPC_SMPTE170M
                || tag == AVCOL_SPC_SMPTE240M || tag == AVCOL_SPC_BT2020_NCL || tag == AVCOL_SPC_BT2020_CL) {
            return tag;
        }
        return width >= 1280 || height > 576 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    }

    /** Makes {@link #view} the part of {@code frame} that is needed, without copying pixels. */
    private void narrow(AVFrame frame, Kind of) {
        Ffmpeg.check(av_frame_ref(view, frame), "hold a frame of", path);
        if (of.interlaced()) {
            takeField(of);
        }
        view.crop_top(top);
        view.crop_bottom(bottom);
        view.crop_left(left);
        view.crop_right(right);
        Ffmpeg.check(av_frame_apply_cropping(view, 0), "crop a frame of", path);
    }

    private void takeField(Kind of) {
        for (int plane = 0; plane < 4 && view.linesize(plane) != 0; plane++) {
            BytePointer data = view.data(plane);
            view.data(plane, data.position((long) of.field * view.linesize(plane)));
            view.linesize(plane, 2 * view.linesize(plane));
        }
        view.height(of.fieldLines());
    }

    private void prepare(Kind wanted, AVFrame frame) {
        release();
        if (sws_isSupportedInput(wanted.format) == 0) {
            BytePointer name = av_get_pix_fmt_name(wanted.format);
            throw new KinemaException("'" + path + "' has pixels of the format '"
                    + (name == null ? wanted.format : name.getString())
                    + "', which cannot be turned to RGB: convert the film");
        }
        Taps columns = taps(wanted, true);
        Taps lines = taps(wanted, false);
        if (wanted.interlaced()) {
            lines = lines.inField(wanted.field, wanted.fieldLines());
        }
        int storedLines = wanted.interlaced() ? wanted.fieldLines() : wanted.height;
        left = Math.max(0, columns.first() - MARGIN) / MARGIN * MARGIN;
        right = Math.max(0, wanted.width - 1 - columns.last() - MARGIN) / MARGIN * MARGIN;
        top = Math.max(0, lines.first() - MARGIN) / MARGIN * MARGIN;
        bottom = Math.max(0, storedLines - 1 - lines.last() - MARGIN) / MARGIN * MARGIN;
        narrow(frame, wanted);
        // cropping keeps pointers aligned, so that it may take less from the left and the top than it was asked to
        int leftTaken = wanted.width - (int) right - view.width();
        int topTaken = storedLines - (int) bottom - view.height();
        sample(wanted, lines.from(topTaken), columns.from(leftTaken));
        av_frame_unref(view);
        // last, so that no picture is converted with half of the tables
        kind = wanted;
    }

    /** Chooses how {@link #view} is converted, and makes the tables for it; taps are places in it. */
    private void sample(Kind of, Taps lines, Taps columns) {
        int width = view.width();
        int height = view.height();
        // halved chroma is still finer than the output here, and the conversion by tables six times as fast: about one
        // level darker on average and three off at most
        boolean tables = (long) width * height >= 4L * width() * height();
        boolean halved = of.format == AV_PIX_FMT_YUV420P || of.format == AV_PIX_FMT_YUVJ420P;
        if (halved && !tables && Yuv420Lines.converts(width, height)) {
            int[] matrix = new int[4];
            sws_getCoefficients(of.matrix).get(matrix);
            samples = new Yuv420Lines(width, height, matrix, of.fullRange);
            pixels = samples;
            resampler = new Resampler(lines, columns.evenFirst(width / 2), orientation.transposed());
        } else if (tables && height % 2 == 0 && (halved || of.format == AV_PIX_FMT_YUV422P || of.format == AV_PIX_FMT_YUVJ422P)) {
            // the same levels as in planes, but faster to read; into planes swscale's conversion by tables leaves out the last
            // pixels of lines that are 1 to 8 pixels longer than a multiple of 16
            allocate(of, width, height, AV_PIX_FMT_RGB0, SWS_BILINEAR);
            pixels = new PackedLines(plane(0), columns.last() + 1);
            resampler = new Resampler(lines, columns, orientation.transposed());
        } else {
            allocate(of, width, height, AV_PIX_FMT_GBRP, tables ? SWS_BILINEAR : ACCURATE);
            pixels = new PlanarLines(plane(2), plane(0), plane(1), columns.last() + 1);
            resampler = new Resampler(lines, columns, orientation.transposed());
        }
    }

    /** Taps along the stored x axis ({@code columns}) or y axis. */
    private Taps taps(Kind of, boolean columns) {
        boolean alongShownX = columns != orientation.transposed();
        int side = alongShownX ? shownWidth : shownHeight;
        int other = alongShownX ? shownHeight : shownWidth;
        boolean flipped = alongShownX ? orientation.flipX() : orientation.flipY();
        int source = columns ? of.width : of.height;
        return Taps.of(source, framing.scaled(side, other), framing.offset(side, other), framing.output(side, other),
                flipped);
    }

    private void allocate(Kind of, int width, int height, int format, int flags) {
        colour = Ffmpeg.allocated(sws_getContext(width, height, of.format, width, height, format, flags,
                (SwsFilter) null, (SwsFilter) null, (DoublePointer) null));
        // the output is full range RGB, for which the second table does not matter; 1 in 16.16 is neutral
        IntPointer table = sws_getCoefficients(of.matrix);
        sws_setColorspaceDetails(colour, table, of.fullRange ? 1 : 0, table, 1, 0, 1 << 16, 1 << 16);
        rgb.width(width);
        rgb.height(height);
        rgb.format(format);
        Ffmpeg.check(av_frame_get_buffer(rgb, 0), "allocate a picture for", path);
    }

    /** A plane of {@link #rgb}: green, blue and red where each has its own. */
    private Plane plane(int number) {
        int stride = rgb.linesize(number);
        return new Plane(rgb.data(number).capacity((long) stride * rgb.height()).asByteBuffer(), stride);
    }

    private void release() {
        if (colour != null) {
            sws_freeContext(colour);
            colour = null;
        }
        pixels = null;
        samples = null;
        kind = null;
        av_frame_unref(rgb);
    }

    @Override
    public void close() {
        release();
        av_frame_free(view);
        av_frame_free(rgb);
    }
}
