package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import org.bytedeco.ffmpeg.avcodec.AVPacket;

/**
 * A film on disk: any container and codec that FFmpeg knows.
 *
 * <p>Of several video streams FFmpeg's choice of the best is taken; cover pictures are no video. Width and height are
 * those of the picture as it is shown, turned upright by the display matrix; pixels count as square. A damaged film
 * gives the frames that can be decoded, and {@link #damage()} says what was wrong.
 *
 * <p>One reader reads a film at a time: opening a second one closes the first. To be used by one thread at a time.
 */
public final class VideoFile implements Footage {
    private final Path path;
    private final int threads;
    private final BooleanSupplier stopped;
    private final DamageCount damage = new DamageCount();
    private final FilmDecodeEvent event = new FilmDecodeEvent();
    private final Orientation orientation;
    private final int width;
    private final int height;
    private final double frameRate;
    private final OptionalDouble duration;
    private final String codec;
    private final String format;
    private Decoder decoder;
    private FrameReader reader;
    private boolean fresh = true;
    private boolean closed;

    private VideoFile(Path path, int threads, BooleanSupplier stopped) {
        this.path = path;
        this.threads = threads;
        this.stopped = stopped;
        event.begin();
        decoder = Decoder.open(path, threads, damage, stopped, event);
        Container container = decoder.container();
        orientation = container.orientation();
        frameRate = container.frameRate();
        duration = container.duration();
        codec = container.codec();
        format = container.format();
        int storedWidth = container.stream().codecpar().width();
        int storedHeight = container.stream().codecpar().height();
        width = orientation.transposed() ? storedHeight : storedWidth;
        height = orientation.transposed() ? storedWidth : storedHeight;
    }

    /**
     * Opens a film that one thread decodes.
     *
     * @throws KinemaException where the file is missing, a directory, empty, no film, without video, or cut off before
     *     its index, naming which
     */
    public static VideoFile open(Path path) {
        return open(path, 1);
    }

    /** Opens a film that {@code threads} threads decode; the pictures do not depend on their number. */
    public static VideoFile open(Path path, int threads) {
        return open(path, threads, () -> false);
    }

    /**
     * {@link #open(Path, int)} of a film that somebody may lose interest in.
     *
     * @param stopped asked before each packet and each frame, in the thread that reads; once it says yes, reading ends with a
     *     {@link KinemaException}, however much of the film there is
     */
    public static VideoFile open(Path path, int threads, BooleanSupplier stopped) {
        if (threads < 1) {
            throw new IllegalArgumentException("decoding on " + threads + " threads: use 1 or more");
        }
        return new VideoFile(path, threads, stopped);
    }

    /** The file. */
    @Override
    public Path path() {
        return path;
    }

    /** Width of the upright picture in pixels. */
    public int width() {
        return width;
    }

    /** Height of the upright picture in pixels. */
    public int height() {
        return height;
    }

    /** Degrees clockwise (0, 90, 180, 270) that stored pictures are turned by to be shown. */
    public int rotation() {
        return orientation.degrees();
    }

    /** Average frames per second; 25 where neither the container nor the codec knows. */
    @Override
    public double frameRate() {
        return frameRate;
    }

    /** Seconds of video as the container says, empty where it does not. */
    @Override
    public OptionalDouble duration() {
        return duration;
    }

    @Override
    public double seconds() {
        return duration.orElseGet(this::measureDuration);
    }

    /** FFmpeg's name of the codec, such as {@code h264}. */
    public String codec() {
        return codec;
    }

    /** FFmpeg's name of the container format, such as {@code matroska,webm}. */
    public String format() {
        return format;
    }

    /** Frames decoded so far, those included that no one looked at. */
    @Override
    public long framesDecoded() {
        return damage.frames;
    }

    /** What was wrong with the film as far as it has been read. */
    @Override
    public Damage damage() {
        return damage.snapshot();
    }

    /**
     * Seconds of video found by reading all packets of the file, without decoding them: for files that do not say how
     * long they last. It takes as long as reading the file from disk.
     */
    public double measureDuration() {
        double end = 0;
        AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
        try (Container container = Container.open(path)) {
            double step = 1 / container.frameRate();
            while (container.read(packet)) {
                long ticks = packet.pts() == AV_NOPTS_VALUE ? packet.dts() : packet.pts();
                double lasts = packet.duration() > 0 ? packet.duration() * container.timeBase() : step;
                end = ticks == AV_NOPTS_VALUE ? end + lasts : Math.max(end, container.seconds(ticks) + lasts);
                av_packet_unref(packet);
            }
        } finally {
            av_packet_free(packet);
        }
        return end;
    }

    /** Reads the film's frames from its start. */
    @Override
    public FrameReader frames(Framing framing) {
        if (closed) {
            throw new IllegalStateException("the film '" + path + "' is closed: open it again");
        }
        if (reader != null) {
            reader.close();
        }
        if (!fresh) {
            reopen(decoder);
        }
        fresh = false;
        reader = new FrameReader(this, decoder, framing);
        return reader;
    }

    Orientation orientation() {
        return orientation;
    }

    /** A decoder at the start of the film in place of {@code used}. */
    Decoder reopen(Decoder used) {
        Decoder opened = Decoder.open(path, threads, damage, stopped, event);
        used.close();
        decoder = opened;
        return opened;
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close();
        }
        if (!closed) {
            closed = true;
            decoder.close();
            tell();
        }
    }

    private void tell() {
        event.end();
        if (event.shouldCommit()) {
            event.film = path.toString();
            event.codec = codec;
            event.format = format;
            event.width = width;
            event.height = height;
            event.frames = damage.frames;
            event.commit();
        }
    }
}
