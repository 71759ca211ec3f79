package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_MJPEG;
import static org.bytedeco.ffmpeg.global.avcodec.av_new_packet;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/** Decodes JPEG files, and refuses what is not whole instead of guessing pixels. */
final class JpegDecoder implements AutoCloseable {
    /** AV_EF_EXPLODE of libavcodec/defs.h: errors in the data are errors of decoding. */
    private static final int EXPLODE = 1 << 3;
    /** As many as a picture of 16384x16384; a damaged header must not take all memory. */
    private static final long MOST_PIXELS = 1L << 28;
    private static final long MOST_BYTES = 1L << 28;

    private final AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
    private AVCodecContext context;

    /**
     * Reads and decodes a file.
     *
     * @param frame gets the picture; must hold none
     * @return the file's bytes
     * @throws KinemaException if the file is missing, empty, no JPEG, or damaged
     */
    int decode(Path file, AVFrame frame) {
        byte[] data = read(file);
        open(file);
        Ffmpeg.check(av_new_packet(packet, data.length), "hold", file);
        packet.data().put(data, 0, data.length);
        int status = avcodec_send_packet(context, packet);
        av_packet_unref(packet);
        status = status < 0 ? status : avcodec_receive_frame(context, frame);
        if (status < 0 || (frame.flags() & Decoder.CORRUPT) != 0 || frame.decode_error_flags() != 0) {
            // what the decoder still holds must not come out as the next file's picture
            avcodec_free_context(context);
            context = null;
            throw damaged(file, status < 0 ? "FFmpeg says '" + Ffmpeg.text(status) + "'" : "parts of its picture are lost");
        }
        return data.length;
    }

    private static byte[] read(Path file) {
        byte[] data;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw damaged(file, "it is larger than " + MOST_BYTES + " bytes");
            }
            data = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new KinemaException("the frame '" + file + "' cannot be read (" + e + "): check that it is there, and its permissions",
                e);
        }
        if (data.length == 0) {
            throw damaged(file, "it is empty");
        }
        if (data.length < 4 || (data[0] & 0xff) != 0xff || (data[1] & 0xff) != 0xd8) {
            throw damaged(file, "it does not begin as a JPEG file");
        }
        for (int i = data.length - 2; i > 0; i--) {
            if ((data[i] & 0xff) == 0xff && (data[i + 1] & 0xff) == 0xd9) {
                return data;
            }
        }
        throw damaged(file, "it was cut off");
    }

    private static KinemaException damaged(Path file, String how) {
        return new KinemaException("the frame '" + file + "' is no whole JPEG picture (" + how + "): cut the film into frames again");
    }

    private void open(Path file) {
        if (context != null) {
            return;
        }
        AVCodec codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);
        if (codec == null) {
            throw new KinemaException("this build of FFmpeg has no decoder for JPEG pictures such as '" + file + "': use films");
        }
        context = Ffmpeg.allocated(avcodec_alloc_context3(codec));
        context.thread_count(1);
        context.err_recognition(EXPLODE);
        context.max_pixels(MOST_PIXELS);
        Ffmpeg.check(avcodec_open2(context, codec, (AVDictionary) null), "start the decoder for", file);
    }

    @Override
    public void close() {
        av_packet_free(packet);
        if (context != null) {
            avcodec_free_context(context);
        }
    }
}
