package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_DURATION_FROM_BITRATE;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_NOTIMESTAMPS;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BACKWARD;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_ATTACHED_PIC;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_TIMED_THUMBNAILS;
import static org.bytedeco.ffmpeg.global.avformat.AVIO_FLAG_READ;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_guess_frame_rate;
import static org.bytedeco.ffmpeg.global.avformat.av_probe_input_buffer;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_seek_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avformat.avio_closep;
import static org.bytedeco.ffmpeg.global.avformat.avio_open;
import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_ALL;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.AV_TIME_BASE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_get;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EAGAIN;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;

/** An opened film file and the one video stream of it that is looked at; delivers that stream's packets. */
final class Container implements AutoCloseable {
    /** Formats that lead to other files, or that make pictures out of plain text. */
    private static final Set<String> REFUSED = Set.of("concat", "hls", "dash", "imf", "sdp", "vobsub", "tty", "ffmetadata");
    /** Matroska's statistics tag of a track, such as {@code 00:01:10.458000000}. */
    private static final Pattern TRACK_DURATION = Pattern.compile("(\\d{1,5}):(\\d\\d):(\\d\\d(?:\\.\\d+)?)");
    /** Used for times only, where neither the container nor the codec knows a rate: films without one are very rare. */
    private static final double RATE_WHERE_UNKNOWN = 25;

    private final Path path;
    private final AVFormatContext context;
    private final AVStream stream;
    private final double timeBase;
    private long startTicks;
    private String readError = "";

    private Container(Path path, AVFormatContext context, int streamIndex) {
        this.path = path;
        this.context = context;
        this.stream = context.streams(streamIndex);
        for (int i = 0; i < context.nb_streams(); i++) {
            if (i != streamIndex) {
                context.streams(i).discard(AVDISCARD_ALL);
            }
        }
        AVRational base = stream.time_base();
        timeBase = (double) base.num() / base.den();
        startTicks = stream.start_time();
    }

    /** Opens a film and picks its video stream: FFmpeg's choice of the best, but never a cover picture. */
    static Container open(Path path) {
        Ffmpeg.load();
        FilmDiagnosis.checkFile(path);
        AVFormatContext context = new AVFormatContext(null);
        AVDictionary options = new AVDictionary(null);
        try (BytePointer url = Ffmpeg.url(path)) {
            AVInputFormat format = probe(path, url);
            // a film must not make us open network addresses
            av_dict_set(options, "protocol_whitelist", "file", 0);
            int status = avformat_open_input(context, url, format, options);
            if (status < 0) {
                throw FilmDiagnosis.unopened(path, status);
            }
        } finally {
            av_dict_free(options);
        }
        try {
            return new Container(path, context, pickStream(path, context));
        } catch (RuntimeException e) {
            avformat_close_input(context);
            throw e;
        }
    }

    /** The file's format by its first bytes, before anything acts on them: a playlist's reader would open what it lists. */
    private static AVInputFormat probe(Path path, BytePointer url) {
        AVIOContext io = new AVIOContext(null);
        int status = avio_open(io, url, AVIO_FLAG_READ);
        if (status < 0) {
            throw FilmDiagnosis.unopened(path, status);
        }
        AVInputFormat format = new AVInputFormat(null);
        try {
            status = av_probe_input_buffer(io, format, url, null, 0, 0);
        } finally {
            avio_closep(io);
        }
        if (status < 0) {
            throw FilmDiagnosis.unopened(path, status);
        }
        String name = format.name().getString();
        if (REFUSED.contains(name)) {
            throw new KinemaException("'" + path + "' is no film but text or a playlist (format '" + name
                    + "'): give the film file itself");
        }
        return format;
    }

    private static int pickStream(Path path, AVFormatContext context) {
        String format = context.iformat().name().getString();
        Ffmpeg.check(avformat_find_stream_info(context, (PointerPointer<?>) null), "find the streams of", path);
        int best = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
        int covers = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
        if (best < 0 || (context.streams(best).disposition() & covers) != 0) {
            throw new KinemaException("'" + path + "' has no video stream" + (best < 0 ? "" : " but a cover picture")
                    + " (" + context.nb_streams() + " stream" + (context.nb_streams() == 1 ? "" : "s")
                    + " in format '" + format + "'): give a file that holds video");
        }
        AVCodecParameters parameters = context.streams(best).codecpar();
        if (parameters.width() <= 0 || parameters.height() <= 0) {
            throw new KinemaException("the video stream of '" + path + "' ("
                    + avcodec_get_name(parameters.codec_id()).getString()
                    + ") holds no picture that can be decoded: the file is damaged, copy it again from its source");
        }
        return best;
    }

    Path path() {
        return path;
    }

    AVStream stream() {
        return stream;
    }

    String format() {
        return context.iformat().name().getString();
    }

    String codec() {
        return avcodec_get_name(stream.codecpar().codec_id()).getString();
    }

    /** Average frames per second. */
    double frameRate() {
        AVRational rate = stream.avg_frame_rate();
        if (rate.num() <= 0 || rate.den() <= 0) {
            rate = av_guess_frame_rate(context, stream, null);
        }
        return rate.num() <= 0 || rate.den() <= 0 ? RATE_WHERE_UNKNOWN : (double) rate.num() / rate.den();
    }

    /** Duration of the video stream in seconds; of the container where the stream does not know its own. */
    OptionalDouble duration() {
        OptionalDouble own = videoDuration();
        if (own.isPresent()) {
            return own;
        }
        if (context.duration() == AV_NOPTS_VALUE || context.duration() <= 0
                || context.duration_estimation_method() == AVFMT_DURATION_FROM_BITRATE) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of((double) context.duration() / AV_TIME_BASE);
    }

    /** The video stream's own duration in seconds, empty where only that of the longest stream may be known. */
    OptionalDouble videoDuration() {
        if (stream.duration() != AV_NOPTS_VALUE && stream.duration() > 0) {
            return OptionalDouble.of(stream.duration() * timeBase);
        }
        AVDictionaryEntry entry = av_dict_get(stream.metadata(), "DURATION", null, 0);
        Matcher tag = entry == null ? null : TRACK_DURATION.matcher(entry.value().getString());
        if (tag == null || !tag.matches()) {
            return OptionalDouble.empty();
        }
        double end = Integer.parseInt(tag.group(1)) * 3600 + Integer.parseInt(tag.group(2)) * 60
                + Double.parseDouble(tag.group(3));
        // the tag counts from the film's start, not from the first frame
        double seconds = startTicks == AV_NOPTS_VALUE ? end : end - startTicks * timeBase;
        return seconds > 0 ? OptionalDouble.of(seconds) : OptionalDouble.empty();
    }

    /** How the pictures are to be turned, from the stream's display matrix. */
    Orientation orientation() {
        AVCodecParameters parameters = stream.codecpar();
        if (parameters.nb_coded_side_data() == 0) {
            return Orientation.UPRIGHT;
        }
        AVPacketSideData data = av_packet_side_data_get(parameters.coded_side_data(),
                parameters.nb_coded_side_data(), AV_PKT_DATA_DISPLAYMATRIX);
        if (data == null || data.size() < 36) {
            return Orientation.UPRIGHT;
        }
        IntPointer matrix = new IntPointer(data.data());
        return Orientation.of(matrix.get(0), matrix.get(1), matrix.get(3), matrix.get(4));
    }

    /** One tick of the stream's clock in seconds. */
    double timeBase() {
        return timeBase;
    }

    /** Seconds since the stream's start, which is the first time ever asked for where the container names none. */
    double seconds(long ticks) {
        if (startTicks == AV_NOPTS_VALUE) {
            startTicks = ticks;
        }
        return (ticks - startTicks) * timeBase;
    }

    /** Whether the container has a clock to seek by; files of bare codec data have none. */
    boolean isTimed() {
        return (context.iformat().flags() & AVFMT_NOTIMESTAMPS) == 0 && startTicks != AV_NOPTS_VALUE;
    }

    /** Goes to a key frame at or before {@code seconds}, as far as the container can tell; false where it cannot. */
    boolean seek(double seconds) {
        if (!isTimed()) {
            return false;
        }
        long ticks = startTicks + (long) Math.floor(seconds / timeBase);
        return av_seek_frame(context, stream.index(), ticks, AVSEEK_FLAG_BACKWARD) >= 0;
    }

    /** Reads the next packet of the video stream; false at the end of what can be read. The caller unreferences it. */
    boolean read(AVPacket packet) {
        while (true) {
            int status = av_read_frame(context, packet);
            if (status == AVERROR_EAGAIN()) {
                continue;
            }
            if (status < 0) {
                readError = status == AVERROR_EOF ? "" : Ffmpeg.text(status);
                return false;
            }
            if (packet.stream_index() == stream.index()) {
                return true;
            }
            av_packet_unref(packet);
        }
    }

    /** Why the last read that delivered nothing did so, empty where that was the end of the file. */
    String readError() {
        return readError;
    }

    @Override
    public void close() {
        avformat_close_input(context);
    }
}
