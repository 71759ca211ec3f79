package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/** Walks over a folder's frames, and reads a file only where its picture is asked for. The first file read says how large all must be. */
final class FrameFolderReader implements FrameWalk {
    /** Times that differ by less count as one: frame i's i / rate, times the rate, may fall just short of i. */
    private static final double TOLERANCE_SECONDS = 1e-6;

    private final FrameFolder folder;
    private final Framing framing;
    private final DamageCount damage;
    private final JpegDecoder decoder = new JpegDecoder();
    private final FilmDecodeEvent event = new FilmDecodeEvent();
    private final AVFrame decoded = Ffmpeg.allocated(av_frame_alloc());
    private PictureConverter converter;
    private Path sizedBy;
    private int width;
    private int height;
    private int frame = -1;
    private int held = -1;
    private boolean positioned;
    private boolean closed;

    FrameFolderReader(FrameFolder folder, Framing framing, DamageCount damage) {
        this.folder = folder;
        this.framing = framing;
        this.damage = damage;
        event.begin();
    }

    @Override
    public int width() {
        decode();
        return converter.width();
    }

    @Override
    public int height() {
        decode();
        return converter.height();
    }

    @Override
    public void seek(double seconds) {
        checkOpen();
        double place = Math.floor((seconds + TOLERANCE_SECONDS) * folder.frameRate());
        frame = (int) Math.max(0, Math.min(place, folder.count() - 1));
        positioned = true;
    }

    @Override
    public boolean next() {
        checkOpen();
        if (!positioned) {
            if (frame >= folder.count() - 1) {
                return false;
            }
            frame++;
        }
        positioned = false;
        return true;
    }

    @Override
    public double time() {
        return frame / folder.frameRate();
    }

    @Override
    public double shownUntil() {
        return (frame + 1) / folder.frameRate();
    }

    @Override
    public double step() {
        return 1 / folder.frameRate();
    }

    @Override
    public double tolerance() {
        return TOLERANCE_SECONDS;
    }

    @Override
    public boolean isLast() {
        return frame == folder.count() - 1;
    }

    @Override
    public void copyTo(ByteBuffer target, int offset) {
        checkOpen();
        if (frame < 0) {
            throw new IllegalStateException("there is no current frame: call next() first");
        }
        decode();
        converter.convert(decoded, target, offset);
    }

    /** Has the current frame decoded, or where the size is asked for before any the first one. */
    private void decode() {
        checkOpen();
        int wanted = Math.max(0, frame);
        if (held == wanted) {
            return;
        }
        Path file = FrameFolder.file(folder.path(), wanted);
        av_frame_unref(decoded);
        held = -1;
        long begun = System.nanoTime();
        event.bytes += decoder.decode(file, decoded);
        event.decodeNanos += System.nanoTime() - begun;
        event.frames++;
        damage.frames++;
        if (converter == null) {
            sizedBy = file;
            width = decoded.width();
            height = decoded.height();
            converter = new PictureConverter(folder.path(), framing, Orientation.UPRIGHT, width, height);
        } else if (decoded.width() != width || decoded.height() != height) {
            throw new KinemaException("'" + file + "' is " + decoded.width() + "x" + decoded.height() + " pixels large, but '" + sizedBy
                + "' is " + width + "x" + height + ": cut the film into frames again");
        }
        held = wanted;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this reader of '" + folder.path()
                + "' is closed: ask the folder for a new one (it has one reader at a time)");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (converter != null) {
                converter.close();
            }
            av_frame_free(decoded);
            decoder.close();
            tell();
        }
    }

    private void tell() {
        event.end();
        if (event.shouldCommit()) {
            event.film = folder.path().toString();
            event.codec = "mjpeg";
            event.format = "folder";
            event.width = width;
            event.height = height;
            event.commit();
        }
    }
}
