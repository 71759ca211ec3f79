package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_SMPTE170M;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BILINEAR;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCoefficients;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_isSupportedOutput;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.ffmpeg.swscale.SwsFilter;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;

/** Turns RGB pictures into the frames that an encoder takes. */
final class PictureEncoder implements AutoCloseable {
    private final Path file;
    private final int width;
    private final int height;
    private final boolean interlaced;
    private final List<AVFrame> owned = new ArrayList<>();
    private final AVFrame rgb;
    private final AVFrame coded;
    private final SwsContext colour;
    private final ByteBuffer pixels;

    PictureEncoder(Path file, AVCodecContext encoder, Encoding encoding) {
        this.file = file;
        width = encoder.width();
        height = encoder.height();
        interlaced = encoding.interlaced();
        if (sws_isSupportedOutput(encoder.pix_fmt()) == 0) {
            throw new KinemaException("pictures cannot be turned into the pixel format '" + encoding.pixelFormat()
                    + "' for '" + file + "': choose another pixel format");
        }
        try {
            rgb = frame(AV_PIX_FMT_RGB24);
            coded = frame(encoder.pix_fmt());
            coded.colorspace(encoder.colorspace());
            coded.color_range(encoder.color_range());
            pixels = rgb.data(0).capacity((long) rgb.linesize(0) * height).asByteBuffer();
            int flags = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP;
            colour = Ffmpeg.allocated(sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, encoder.pix_fmt(),
                    flags, (SwsFilter) null, (SwsFilter) null, (DoublePointer) null));
        } catch (RuntimeException e) {
            freeFrames();
            throw e;
        }
        IntPointer table = sws_getCoefficients(encoding.bt709() ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M);
        sws_setColorspaceDetails(colour, table, 1, table, encoding.fullRange() ? 1 : 0, 0, 1 << 16, 1 << 16);
    }

    private AVFrame frame(int format) {
        AVFrame frame = Ffmpeg.allocated(av_frame_alloc());
        owned.add(frame);
        frame.width(width);
        frame.height(height);
        frame.format(format);
        Ffmpeg.check(av_frame_get_buffer(frame, 0), "allocate a picture for", file);
        return frame;
    }

    /** The picture as a frame shown at {@code tick} of the encoder's clock; valid until the next call. */
    AVFrame frame(ByteBuffer picture, int offset, long tick) {
        for (int y = 0; y < height; y++) {
            pixels.put(y * rgb.linesize(0), picture, offset + y * width * 3, width * 3);
        }
        Ffmpeg.check(av_frame_make_writable(coded), "allocate a picture for", file);
        Ffmpeg.check(sws_scale_frame(colour, coded, rgb), "convert the colours of", file);
        coded.pts(tick);
        coded.duration(1);
        coded.flags(interlaced ? Decoder.INTERLACED | Decoder.TOP_FIELD_FIRST : 0);
        return coded;
    }

    @Override
    public void close() {
        sws_freeContext(colour);
        freeFrames();
    }

    private void freeFrames() {
        owned.forEach(frame -> av_frame_free(frame));
        owned.clear();
    }
}
