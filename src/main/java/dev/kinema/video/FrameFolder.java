package dev.kinema.video;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A film as a folder of JPEG pictures, {@code NAME/NAME_000001.jpg} and so on, one for each frame. Opening it looks at names only; a
 * picture is read when it is wanted. Orientation tags are not looked at. One reader reads a folder at a time: opening a second one closes
 * the first.
 */
public final class FrameFolder implements Footage {
    /** Frames per second of folders that do not say it. */
    public static final double STANDARD_RATE = 30;

    private final Path path;
    private final double rate;
    private final int count;
    private final DamageCount damage = new DamageCount();
    private FrameFolderReader reader;
    private boolean closed;

    private FrameFolder(Path path, double rate, int count) {
        this.path = path;
        this.rate = rate;
        this.count = count;
    }

    /**
     * Opens a folder.
     *
     * @param rate frames per second
     * @throws KinemaException if it is no folder, has no frame, or lacks one before its last, which is named
     */
    public static FrameFolder open(Path path, double rate) {
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException(rate + " frames per second: it must be above 0 and finite");
        }
        BitSet found = numbers(path);
        if (found.isEmpty()) {
            throw new KinemaException("'" + path + "' is a directory, but not of a film's frames, for it has no picture '"
                + file(path, 0).getFileName() + "': name the films in it one by one, or cut a film into such frames");
        }
        int missing = found.nextClearBit(0);
        if (missing < found.length()) {
            throw new KinemaException("'" + file(path, missing) + "' is missing, but later frames are there: cut the film into frames"
                + " again");
        }
        return new FrameFolder(path, rate, found.length());
    }

    /** Which frames are there, counted from 0. */
    private static BitSet numbers(Path folder) {
        // six digits at least, as printf writes them; more than eight are no frame of anything
        Pattern name = Pattern.compile(Pattern.quote(name(folder)) + "_([0-9]{6}|[1-9][0-9]{6,7})\\.jpg");
        BitSet found = new BitSet();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Matcher parts = name.matcher(file.getFileName().toString());
                if (parts.matches() && Integer.parseInt(parts.group(1)) > 0) {
                    found.set(Integer.parseInt(parts.group(1)) - 1);
                }
            }
            return found;
        } catch (IOException e) {
            throw unreadable(folder, e);
        } catch (DirectoryIteratorException e) {
            throw unreadable(folder, e.getCause());
        }
    }

    private static KinemaException unreadable(Path folder, IOException e) {
        return new KinemaException("the folder of frames '" + folder + "' cannot be read (" + e + "): check the path and its permissions",
            e);
    }

    /** Without its parents; a path such as {@code .} has to be made whole for that. */
    private static String name(Path folder) {
        Path last = folder.toAbsolutePath().normalize().getFileName();
        return last == null ? "" : last.toString();
    }

    /** The file of a frame, counted from 0, in a folder; the names count from 1. */
    public static Path file(Path folder, int frame) {
        if (frame < 0) {
            throw new IllegalArgumentException("frame " + frame + " of '" + folder + "': frames are counted from 0");
        }
        return folder.resolve(String.format(Locale.ROOT, "%s_%06d.jpg", name(folder), frame + 1));
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public double frameRate() {
        return rate;
    }

    @Override
    public OptionalDouble duration() {
        return OptionalDouble.of(seconds());
    }

    @Override
    public double seconds() {
        return count / rate;
    }

    /** Number of frames. */
    public int count() {
        return count;
    }

    @Override
    public FrameWalk frames(Framing framing) {
        if (closed) {
            throw new IllegalStateException("the folder '" + path + "' is closed: open it again");
        }
        closeReader();
        Ffmpeg.load();
        reader = new FrameFolderReader(this, framing, damage);
        return reader;
    }

    /** Nothing: a picture that cannot be decoded whole is an error. */
    @Override
    public Damage damage() {
        return damage.snapshot();
    }

    @Override
    public long framesDecoded() {
        return damage.frames;
    }

    private void closeReader() {
        if (reader != null) {
            reader.close();
        }
    }

    @Override
    public void close() {
        closed = true;
        closeReader();
    }
}
