package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_H264;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_HEVC;
import static org.bytedeco.ffmpeg.global.avcodec.AV_FIELD_PROGRESSIVE;
import static org.bytedeco.ffmpeg.global.avcodec.AV_FIELD_UNKNOWN;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_move_ref;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;

import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.javacpp.BytePointer;

/**
 * Packets read a little ahead of the decoder. Their times tell of a frame when the next one takes over, which with frames that are stored
 * in another order than they are shown in may be one that is stored later; and so whether a picture is taken of it at all.
 *
 * <p>A frame that nobody looks at and that no other frame refers to can be left out, and all others are decoded as before, unless the film is damaged just
 * there: where the frame that takes over is lost, so is one that was left out before it. The decoder
 * knows the second: asked to discard such frames, it looks at {@code nal_ref_idc} (H.264, 7.4.1) or the type of the NAL unit (H.265, table
 * 7-1). In H.265 a frame may yet be referred to by frames of higher temporal layers, so that films with such layers are decoded whole.
 */
final class PacketsAhead implements AutoCloseable {
    /** Whoever is shown next is rarely stored later than this; where it is, a frame seems to be shown longer, and is rather decoded. */
    private static final int AHEAD = 8;
    /** Times that are kept: of what was sent and not shown yet, 16 at most in either codec, and of what was read ahead. */
    private static final int TIMES = 64;
    /** A frame that seems to be shown for longer than this is none to reckon with. */
    private static final double LONGEST_SECONDS = 1;
    /** More than sums of times are off by, and nothing to a frame. */
    private static final double ROUNDING_SECONDS = 1e-9;
    /** Of an {@code HEVCDecoderConfigurationRecord} (ISO/IEC 14496-15, 8.3.3.1): where it says how many temporal layers there are. */
    private static final int HEVC_LAYERS_BYTE = 21;

    private final Container container;
    private final boolean capable;
    private final Deque<AVPacket> read = new ArrayDeque<>();
    private final Deque<AVPacket> spare = new ArrayDeque<>();
    private final FrameTimes times = new FrameTimes();
    /** Times of frames that were to be left out and have not been delivered. */
    private final FrameTimes leftOut = new FrameTimes();
    private Wanted wanted = Wanted.ALWAYS;
    private boolean orderly = true;
    private boolean ended;
    /** Of the packet read last; none after a jump to elsewhere. */
    private long last = AV_NOPTS_VALUE;
    private long unseen;

    PacketsAhead(Container container) {
        this.container = container;
        capable = container.isTimed() && canLeaveOut(container.stream().codecpar());
    }

    private static boolean canLeaveOut(AVCodecParameters stream) {
        int fields = stream.field_order();
        if (fields != AV_FIELD_PROGRESSIVE && fields != AV_FIELD_UNKNOWN) {
            return false;
        }
        if (stream.codec_id() == AV_CODEC_ID_H264) {
            return true;
        }
        BytePointer record = stream.extradata();
        return stream.codec_id() == AV_CODEC_ID_HEVC && stream.extradata_size() > HEVC_LAYERS_BYTE && record.get(0) == 1
            && (record.get(HEVC_LAYERS_BYTE) >> 3 & 7) == 1;
    }

    void limitTo(Wanted asked) {
        wanted = asked;
    }

    /** Moves the next packet into {@code packet}; false at the end of what can be read. */
    boolean next(AVPacket packet) {
        if (!capable || wanted == Wanted.ALWAYS) {
            // what has been read ahead before comes first
            return read.isEmpty() ? !ended && container.read(packet) : move(packet);
        }
        while (!ended && read.size() <= AHEAD) {
            AVPacket taken = spare.isEmpty() ? Ffmpeg.allocated(av_packet_alloc()) : spare.removeFirst();
            ended = !container.read(taken);
            (ended ? spare : read).addLast(taken);
            if (!ended) {
                note(taken);
            }
        }
        return !read.isEmpty() && move(packet);
    }

    private boolean move(AVPacket packet) {
        AVPacket first = read.removeFirst();
        av_packet_move_ref(packet, first);
        spare.addLast(first);
        return true;
    }

    private void note(AVPacket packet) {
        if ((packet.flags() & AV_PKT_FLAG_DISCARD) != 0) {
            // not shown
            return;
        }
        // with times that are missing or double, or a clock that jumps, nothing is certain any more
        orderly &= packet.pts() != AV_NOPTS_VALUE && times.add(packet.pts());
        orderly &= last == AV_NOPTS_VALUE || Math.abs(packet.pts() - last) * container.timeBase() < LONGEST_SECONDS;
        last = packet.pts();
        if (times.size() > TIMES) {
            times.removeFirst(1);
        }
    }

    /**
     * Whether nobody looks at the frame of this packet, the one moved last. Then it is counted as left out, until {@link #deliver} is told
     * that it came all the same, since others refer to it.
     *
     * @param tolerance seconds by which a frame may be late for a picture that it is taken for
     */
    boolean leaveOut(AVPacket packet, double tolerance) {
        if (!capable || !orderly || wanted == Wanted.ALWAYS || (packet.flags() & AV_PKT_FLAG_DISCARD) != 0) {
            return false;
        }
        int next = times.before(packet.pts() + 1);
        if (next == times.size()) {
            return false;
        }
        double from = container.seconds(packet.pts());
        double until = container.seconds(times.get(next));
        boolean nobody = until - from < LONGEST_SECONDS
            && !wanted.within(from - tolerance - ROUNDING_SECONDS, until - tolerance + ROUNDING_SECONDS);
        if (nobody) {
            leftOut.add(packet.pts());
        }
        return nobody;
    }

    /**
     * Is told of a frame that was delivered.
     *
     * @return when the last frame before it that was left out was shown, in seconds; negative infinity where there is none since the last
     *     call
     */
    double deliver(long ticks) {
        leftOut.remove(ticks);
        int before = leftOut.before(ticks);
        if (before == 0) {
            return Double.NEGATIVE_INFINITY;
        }
        double last = container.seconds(leftOut.get(before - 1));
        unseen += before;
        leftOut.removeFirst(before);
        return last;
    }

    /** Frames that were left out; complete at the end of the film. */
    long unseen() {
        return unseen + leftOut.size();
    }

    /** Forgets what was read: the container has gone elsewhere. */
    void clear() {
        spare.addAll(read);
        for (AVPacket packet : read) {
            av_packet_unref(packet);
        }
        read.clear();
        times.clear();
        leftOut.clear();
        last = AV_NOPTS_VALUE;
        ended = false;
    }

    @Override
    public void close() {
        clear();
        for (AVPacket packet : spare) {
            av_packet_free(packet);
        }
        spare.clear();
    }
}
