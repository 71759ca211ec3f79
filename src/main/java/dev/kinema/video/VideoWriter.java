package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_INTERLACED_DCT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_new;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GLOBALHEADER;
import static org.bytedeco.ffmpeg.global.avformat.AVIO_FLAG_WRITE;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_closep;
import static org.bytedeco.ffmpeg.global.avformat.avio_open;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_SMPTE170M;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_NONE;
import static org.bytedeco.ffmpeg.global.avutil.av_d2q;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EAGAIN;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;

/**
 * Writes RGB pictures as a film. The film appears under its name only when {@link #finish()} has written all of it;
 * closing without finishing leaves nothing behind. To be used by one thread at a time.
 */
public final class VideoWriter implements AutoCloseable {
    private static final int DISPLAY_MATRIX_BYTES = 36;

    private final Path file;
    private final int width;
    private final int height;
    private final double fps;
    private final Encoding encoding;
    private AVFormatContext context;
    private AVCodecContext encoder;
    private AVStream stream;
    private AVPacket packet;
    private PictureEncoder pictures;
    private long nextTick;
    private Path partial;
    private boolean finished;

    private VideoWriter(Path file, int width, int height, double fps, Encoding encoding) {
        this.file = file;
        this.width = width;
        this.height = height;
        this.fps = fps;
        this.encoding = encoding;
    }

    /**
     * Starts a film, encoded as its name's ending suggests: mp4 or mov in H.264 (MPEG-4 part 2 where the size is odd),
     * webm in VP8, mkv in lossless FFV1, avi in MPEG-4 part 2.
     *
     * @param fps frames per second
     */
    public static VideoWriter create(Path file, int width, int height, double fps) {
        return create(file, width, height, fps, Encoding.standard());
    }

    /** Starts a film with a chosen encoding. */
    public static VideoWriter create(Path file, int width, int height, double fps, Encoding encoding) {
        if (width < 1 || height < 1 || !(fps > 0) || Double.isInfinite(fps)) {
            throw new IllegalArgumentException("a film of " + width + "x" + height + " at " + fps
                    + " frames per second: all must be above 0");
        }
        Ffmpeg.load();
        VideoWriter writer = new VideoWriter(file, width, height, fps, encoding);
        try {
            writer.open();
            return writer;
        } catch (RuntimeException e) {
            writer.close();
            throw e;
        }
    }

    private void open() {
        context = new AVFormatContext(null);
        int status = avformat_alloc_output_context2(context, null, (String) null, file.getFileName().toString());
        if (status < 0) {
            context = null;
            throw new KinemaException("FFmpeg knows no film format for the name '" + file
                    + "': end it in .mp4, .webm or .mkv");
        }
        packet = Ffmpeg.allocated(av_packet_alloc());
        openEncoder(chooseCodec());
        stream = Ffmpeg.allocated(avformat_new_stream(context, null));
        Ffmpeg.check(avcodec_parameters_from_context(stream.codecpar(), encoder), "describe the stream of", file);
        stream.time_base(encoder.time_base());
        stream.avg_frame_rate(encoder.framerate());
        if (encoding.rotation() != 0) {
            attachRotation();
        }
        pictures = new PictureEncoder(file, encoder, encoding);
        openFile();
    }

    private AVCodec chooseCodec() {
        String ending = file.getFileName().toString().replaceAll(".*\\.", "").toLowerCase(Locale.ROOT);
        boolean odd = (width | height) % 2 != 0;
        List<String> names = !encoding.codec().isEmpty() ? List.of(encoding.codec()) : switch (ending) {
            case "mp4", "mov", "m4v" -> odd ? List.of("mpeg4") : List.of("libopenh264", "mpeg4");
            case "webm" -> List.of("libvpx", "libvpx-vp9");
            case "mkv" -> List.of("ffv1");
            case "avi" -> List.of("mpeg4");
            default -> throw new KinemaException("no encoder is set for films named '*." + ending
                    + "': name one, or end '" + file + "' in .mp4, .webm, .mkv or .avi");
        };
        for (String name : names) {
            AVCodec codec = avcodec_find_encoder_by_name(name);
            if (codec != null) {
                return codec;
            }
        }
        throw new KinemaException("this build of FFmpeg has no encoder '" + names.get(0) + "' to write '" + file
                + "': choose another encoder");
    }

    private void openEncoder(AVCodec codec) {
        int format = av_get_pix_fmt(encoding.pixelFormat());
        if (format == AV_PIX_FMT_NONE) {
            throw new KinemaException("FFmpeg knows no pixel format '" + encoding.pixelFormat()
                    + "': take one such as yuv420p");
        }
        encoder = Ffmpeg.allocated(avcodec_alloc_context3(codec));
        encoder.width(width);
        encoder.height(height);
        encoder.pix_fmt(format);
        // 65535 is the largest denominator that MPEG-4 part 2 can store
        try (AVRational rate = av_d2q(fps, 65535); AVRational tick = new AVRational()) {
            tick.num(rate.den());
            tick.den(rate.num());
            encoder.time_base(tick);
            encoder.framerate(rate);
        }
        encoder.gop_size(encoding.keyEvery());
        encoder.bit_rate((long) Math.max(20_000, encoding.bitsPerPixel() * width * height * fps));
        encoder.colorspace(encoding.bt709() ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M);
        encoder.color_range(encoding.fullRange() ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG);
        encoder.thread_count(1);
        boolean headers = (context.oformat().flags() & AVFMT_GLOBALHEADER) != 0;
        encoder.flags(encoder.flags() | (headers ? AV_CODEC_FLAG_GLOBAL_HEADER : 0)
                | (encoding.interlaced() ? AV_CODEC_FLAG_INTERLACED_DCT : 0));
        AVDictionary options = options();
        if (codec.name().getString().startsWith("libvpx")) {
            av_dict_set(options, "deadline", "realtime", 0);
            av_dict_set(options, "cpu-used", "8", 0);
        }
        int status = avcodec_open2(encoder, codec, options);
        av_dict_free(options);
        if (status < 0) {
            throw new KinemaException("the encoder '" + codec.name().getString() + "' refuses " + width + "x" + height
                    + " pixels of " + encoding.pixelFormat() + " for '" + file + "' (" + Ffmpeg.text(status)
                    + "): choose another size, pixel format or encoder");
        }
    }

    private AVDictionary options() {
        AVDictionary options = new AVDictionary(null);
        encoding.options().forEach((name, value) -> av_dict_set(options, name, value, 0));
        return options;
    }

    private void attachRotation() {
        IntPointer count = new IntPointer(1).put(0);
        AVPacketSideData data = new AVPacketSideData(null);
        av_packet_side_data_new(data, count, AV_PKT_DATA_DISPLAYMATRIX, DISPLAY_MATRIX_BYTES, 0);
        IntPointer matrix = new IntPointer(data.data());
        int[] turn = Orientation.matrix(encoding.rotation());
        int[] values = {turn[0], turn[1], 0, turn[2], turn[3], 0, 0, 0, 1 << 30};
        matrix.put(values, 0, values.length);
        stream.codecpar().coded_side_data(data);
        stream.codecpar().nb_coded_side_data(1);
        count.close();
    }

    private void openFile() {
        partial = createPartial();
        AVIOContext io = new AVIOContext(null);
        try (BytePointer url = Ffmpeg.url(partial)) {
            Ffmpeg.check(avio_open(io, url, AVIO_FLAG_WRITE), "create", partial);
        }
        context.pb(io);
        AVDictionary options = options();
        int status = avformat_write_header(context, options);
        av_dict_free(options);
        Ffmpeg.check(status, "write the header of", file);
    }

    /** A new file beside the film, under a name that no other writer of the same film has. */
    private Path createPartial() {
        String unique = Long.toHexString(ThreadLocalRandom.current().nextLong());
        try {
            // not createTempFile, which would keep other users from reading the film
            return Files.createFile(file.resolveSibling("." + file.getFileName() + "." + unique + ".partial"));
        } catch (IOException e) {
            throw new KinemaException("cannot create the film '" + file + "' (" + e.getClass().getSimpleName() + ": "
                    + e.getMessage() + "): check that its directory exists and may be written to", e);
        }
    }

    /** Adds a picture, u8 RGB [height, width, 3] at {@code offset} of {@code rgb}, one frame after the last. */
    public void add(ByteBuffer rgb, int offset) {
        addTick(rgb, offset, nextTick);
    }

    /** Adds a picture shown from {@code seconds} on, which is rounded to a multiple of {@code 1 / fps}. */
    public void add(ByteBuffer rgb, int offset, double seconds) {
        long tick = Math.round(seconds * fps);
        if (tick < nextTick) {
            throw new IllegalArgumentException("a picture at " + seconds + " s is not after the one before: times must grow"
                    + " by 1/fps at least");
        }
        addTick(rgb, offset, tick);
    }

    private void addTick(ByteBuffer rgb, int offset, long tick) {
        if (finished || context == null) {
            throw new IllegalStateException("the film '" + file + "' is finished: no picture can be added");
        }
        nextTick = tick + 1;
        Ffmpeg.check(avcodec_send_frame(encoder, pictures.frame(rgb, offset, tick)), "encode a frame of", file);
        drain();
    }

    private void drain() {
        while (true) {
            int status = avcodec_receive_packet(encoder, packet);
            if (status == AVERROR_EAGAIN() || status == AVERROR_EOF) {
                return;
            }
            Ffmpeg.check(status, "encode a frame of", file);
            if (packet.duration() == 0) {
                packet.duration(1);
            }
            av_packet_rescale_ts(packet, encoder.time_base(), stream.time_base());
            packet.stream_index(stream.index());
            Ffmpeg.check(av_interleaved_write_frame(context, packet), "write", file);
        }
    }

    /** Writes what is left, flushes it to disk and gives the film its name, replacing what had it. */
    public void finish() {
        if (finished || context == null) {
            throw new IllegalStateException("the film '" + file + "' is finished already");
        }
        Ffmpeg.check(avcodec_send_frame(encoder, null), "encode the last frames of", file);
        drain();
        Ffmpeg.check(av_write_trailer(context), "write the index of", file);
        release();
        try {
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new KinemaException("cannot give the finished film its name '" + file + "' (" + e.getMessage()
                    + "): check the disk and the directory's permissions", e);
        }
        finished = true;
    }

    private void release() {
        if (context == null) {
            return;
        }
        if (context.pb() != null && !context.pb().isNull()) {
            AVIOContext io = context.pb();
            context.pb(null);
            avio_closep(io);
        }
        avformat_free_context(context);
        context = null;
        closeEncoder();
    }

    private void closeEncoder() {
        if (pictures != null) {
            pictures.close();
        }
        if (encoder != null) {
            avcodec_free_context(encoder);
        }
        if (packet != null) {
            av_packet_free(packet);
        }
    }

    /** Frees everything; an unfinished film is removed. */
    @Override
    public void close() {
        release();
        if (!finished && partial != null) {
            try {
                Files.deleteIfExists(partial);
            } catch (IOException e) {
                throw new KinemaException("cannot remove the unfinished film '" + partial + "' (" + e.getMessage()
                        + "): remove it by hand", e);
            }
        }
    }
}
