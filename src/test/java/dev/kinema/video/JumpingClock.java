package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_copy;
import static org.bytedeco.ffmpeg.global.avformat.AVIO_FLAG_WRITE;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_closep;
import static org.bytedeco.ffmpeg.global.avformat.avio_open;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.javacpp.PointerPointer;

/** Films as they come of splicing: the pictures of another, whose times run on somewhere else from a key frame on. */
final class JumpingClock {
    private JumpingClock() {
    }

    /** Copies the packets of a film with one stream; from the first key frame at or after {@code after} seconds on, {@code by} seconds are added. */
    static void copy(Path from, Path to, double after, double by) {
        AVFormatContext input = new AVFormatContext(null);
        done(avformat_open_input(input, from.toString(), null, null));
        done(avformat_find_stream_info(input, (PointerPointer<?>) null));
        AVStream source = input.streams(0);
        AVFormatContext output = new AVFormatContext(null);
        done(avformat_alloc_output_context2(output, null, null, to.toString()));
        AVStream target = avformat_new_stream(output, null);
        done(avcodec_parameters_copy(target.codecpar(), source.codecpar()));
        target.codecpar().codec_tag(0);
        AVIOContext file = new AVIOContext(null);
        done(avio_open(file, to.toString(), AVIO_FLAG_WRITE));
        output.pb(file);
        done(avformat_write_header(output, (AVDictionary) null));
        double tick = (double) source.time_base().num() / source.time_base().den();
        long shift = 0;
        AVPacket packet = av_packet_alloc();
        while (av_read_frame(input, packet) >= 0) {
            if (shift == 0 && packet.pts() * tick >= after && (packet.flags() & AV_PKT_FLAG_KEY) != 0) {
                shift = Math.round(by / tick);
            }
            packet.pts(packet.pts() + shift);
            packet.dts(packet.dts() + shift);
            av_packet_rescale_ts(packet, source.time_base(), target.time_base());
            packet.pos(-1);
            done(av_write_frame(output, packet));
        }
        assertTrue(shift != 0, "there is a key frame to jump at");
        done(av_write_trailer(output));
        av_packet_free(packet);
        avio_closep(file);
        avformat_free_context(output);
        avformat_close_input(input);
    }

    private static void done(int status) {
        assertTrue(status >= 0, () -> "status " + status + ", " + Ffmpeg.text(status));
    }
}
