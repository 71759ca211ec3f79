package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_DEFAULT;
import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_NONREF;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_AV1;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_flush_buffers;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EAGAIN;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/** Turns a container's packets into frames in the order they are shown, each with its time; counts what is damaged. */
final class Decoder implements AutoCloseable {
    // AV_FRAME_FLAG_* of libavutil/frame.h, which the binding leaves out
    static final int CORRUPT = 1;
    static final int KEY = 1 << 1;
    static final int INTERLACED = 1 << 3;
    static final int TOP_FIELD_FIRST = 1 << 4;

    /** A time that jumps back further than this is a clock that was set anew, not a frame out of order. */
    private static final double CLOCK_RESET_SECONDS = 1;

    /**
     * A time that jumps ahead further than this is no frame shown for so long, but damage: one wrong time stamp could
     * otherwise make a short file a film of years.
     */
    static final double CLOCK_JUMP_SECONDS = 60;

    /** The last frame lasts no longer than so many steps, whatever it claims. */
    private static final int LAST_FRAME_STEPS = 10;

    /** A decoder may report as many errors one after another as it works on frames at a time, but not without end. */
    private static final int FAILURES_IN_A_ROW = 1000;

    private final Container container;
    private final AVCodecContext context;
    private final AVPacket packet;
    private final PacketsAhead ahead;
    private final DamageCount damage;
    private final BooleanSupplier stopped;
    private final FilmDecodeEvent event;
    private boolean sought;
    /** Between a seek and the first clean key frame: frames may miss those they refer to, which is no damage. */
    private boolean landing;
    private boolean interlaced;
    private int failures;
    private long frames;
    private long packets;
    private long hiddenFrames;
    private boolean started;
    private double time;
    private double clockShift;
    private double step;
    private double usual;

    private Decoder(Container container, AVCodecContext context, DamageCount damage, BooleanSupplier stopped,
            FilmDecodeEvent event) {
        this.container = container;
        this.context = context;
        this.damage = damage;
        this.stopped = stopped;
        this.event = event;
        this.packet = Ffmpeg.allocated(av_packet_alloc());
        this.ahead = new PacketsAhead(container);
        this.step = Math.min(1 / container.frameRate(), CLOCK_JUMP_SECONDS);
        this.usual = step;
    }

    /**
     * Opens a film at its start.
     *
     * @param damage outlives the decoder, which is opened anew to go back to the start
     * @param stopped asked before each packet and each frame whether to go on
     * @param event counts bytes and time
     */
    static Decoder open(Path path, int threads, DamageCount damage, BooleanSupplier stopped, FilmDecodeEvent event) {
        Container container = Container.open(path);
        AVCodecContext context = null;
        try {
            context = Ffmpeg.allocated(avcodec_alloc_context3(codec(container)));
            Ffmpeg.check(avcodec_parameters_to_context(context, container.stream().codecpar()), "decode", path);
            context.pkt_timebase(container.stream().time_base());
            context.thread_count(threads);
            Ffmpeg.check(avcodec_open2(context, null, (AVDictionary) null), "start the decoder for", path);
            return new Decoder(container, context, damage, stopped, event);
        } catch (RuntimeException e) {
            if (context != null) {
                avcodec_free_context(context);
            }
            container.close();
            throw e;
        }
    }

    private static AVCodec codec(Container container) {
        int id = container.stream().codecpar().codec_id();
        // FFmpeg's own AV1 decoder needs a video card
        AVCodec codec = id == AV_CODEC_ID_AV1 ? avcodec_find_decoder_by_name("libaom-av1") : null;
        codec = codec == null ? avcodec_find_decoder(id) : codec;
        if (codec == null) {
            throw new KinemaException("there is no decoder for the video stream of '" + container.path() + "' (codec '"
                    + container.codec() + "'): convert the film to another codec");
        }
        return codec;
    }

    Container container() {
        return container;
    }

    /** Says when pictures will be taken: frames that are shown at no such time, and that no other refers to, may then be left out. */
    void limitTo(Wanted wanted) {
        ahead.limitTo(wanted);
    }

    /**
     * Times that differ by less than this count as one: half a tick of the container's clock, at most half a
     * millisecond, because containers that count milliseconds round the times of frames.
     */
    double tolerance() {
        return Math.min(container.timeBase() / 2, 0.0005) + 1e-6;
    }

    /** Seconds from one frame to the next at the average rate. */
    double step() {
        return step;
    }

    /** Decodes the next frame into {@code frame}; false at the end of the film. */
    boolean next(AVFrame frame) {
        long begun = System.nanoTime();
        try {
            return decode(frame);
        } finally {
            event.decodeNanos += System.nanoTime() - begun;
        }
    }

    private boolean decode(AVFrame frame) {
        while (true) {
            if (stopped.getAsBoolean()) {
                throw new KinemaException("reading '" + container.path() + "' was stopped: open the film again");
            }
            int status = avcodec_receive_frame(context, frame);
            if (status == 0) {
                accept(frame);
                return true;
            }
            if (status == AVERROR_EOF) {
                finish();
                return false;
            }
            if (status == AVERROR_EAGAIN()) {
                feed();
            } else {
                lose(status);
            }
        }
    }

    private void lose(int status) {
        damage.lostPackets += landing ? 0 : 1;
        if (++failures > FAILURES_IN_A_ROW) {
            throw new KinemaException("the decoder for '" + container.path() + "' (codec '" + container.codec()
                    + "') is stuck ('" + Ffmpeg.text(status) + "'): convert the film to another codec");
        }
    }

    private void finish() {
        if (landing) {
            // no frame was delivered whose time could be compared with the film's end
            return;
        }
        // two packets, one per field, may make one interlaced frame
        long pictures = interlaced ? Math.max(frames, packets - damage.lostPackets) : frames;
        damage.atEnd(container, started ? time + step : 0, step, sought ? -1 : pictures + hiddenFrames + ahead.unseen());
    }

    private void feed() {
        failures = 0;
        if (!ahead.next(packet)) {
            damage.readError = container.readError();
            avcodec_send_packet(context, null);
            return;
        }
        if ((packet.flags() & AV_PKT_FLAG_DISCARD) != 0) {
            hiddenFrames++;
        } else {
            packets++;
        }
        event.bytes += packet.size();
        // where a film is damaged, or its clock jumped, what is shown when is told by what can be decoded only
        boolean certain = started && !landing && !interlaced && clockShift == 0 && damage.isNone();
        context.skip_frame(certain && ahead.leaveOut(packet, tolerance()) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT);
        int status = avcodec_send_packet(context, packet);
        av_packet_unref(packet);
        if (status < 0 && !landing) {
            damage.lostPackets++;
        }
    }

    private void accept(AVFrame frame) {
        damage.frames++;
        frames++;
        interlaced |= (frame.flags() & INTERLACED) != 0;
        landing &= !isCleanKey(frame);
        if (!landing && ((frame.flags() & CORRUPT) != 0 || frame.decode_error_flags() != 0)) {
            damage.damagedFrames++;
        }
        long ticks = frame.best_effort_timestamp();
        double shown = ticks == AV_NOPTS_VALUE ? (started ? time + step : 0) : container.seconds(ticks) + clockShift;
        double before = Math.max(time, ahead.deliver(ticks));
        double orderly = orderly(shown, before);
        usual = started && orderly > before ? orderly - before : usual;
        started = true;
        time = orderly;
    }

    /**
     * The time of a frame whose time stamp says {@code shown}: after the frame before, and not too far.
     *
     * @param before when the last frame before it is shown, which may have been left out
     */
    private double orderly(double shown, double before) {
        if (started && shown <= time) {
            damage.disorderedFrames += landing ? 0 : 1;
            return shown < time - CLOCK_RESET_SECONDS ? shiftedTo(time + step, shown) : time;
        }
        if (started && shown - before > CLOCK_JUMP_SECONDS) {
            damage.clockJumps++;
            // an average over the jump is none
            step = Math.min(step, usual);
            return shiftedTo(time + usual, shown);
        }
        if (!started && !sought && Math.abs(shown) > CLOCK_JUMP_SECONDS) {
            damage.clockJumps++;
            return shiftedTo(0, shown);
        }
        return shown;
    }

    private double shiftedTo(double orderly, double shown) {
        clockShift += orderly - shown;
        return orderly;
    }

    /** Presentation time of the frame decoded last, in seconds since the stream's start. */
    double time() {
        return time;
    }

    /** How long the last frame lasts as far as it knows and can be believed, otherwise one step of the average rate. */
    double duration(AVFrame frame) {
        double longest = Math.min(LAST_FRAME_STEPS * step, CLOCK_JUMP_SECONDS);
        return frame.duration() > 0 ? Math.min(frame.duration() * container.timeBase(), longest) : step;
    }

    /** Whether decoding may start afresh with this frame. */
    static boolean isCleanKey(AVFrame frame) {
        return (frame.flags() & KEY) != 0 && (frame.flags() & CORRUPT) == 0 && frame.decode_error_flags() == 0;
    }

    /** Whether {@link #seek} may succeed; the container's clock is not that of the frames once it has jumped. */
    boolean canSeek() {
        return damage.clockJumps == 0 && container.isTimed();
    }

    /** Goes to a key frame that the container takes to be at or before {@code seconds}; false where it cannot. */
    boolean seek(double seconds) {
        if (!canSeek() || !container.seek(seconds)) {
            return false;
        }
        avcodec_flush_buffers(context);
        ahead.clear();
        sought = true;
        landing = true;
        started = false;
        clockShift = 0;
        return true;
    }

    @Override
    public void close() {
        av_packet_free(packet);
        ahead.close();
        avcodec_free_context(context);
        container.close();
    }
}
