package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.AVERROR_ENOMEM;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.BytePointer;

/**
 * What every use of FFmpeg here shares: a silent log, error texts, file names in the form FFmpeg wants.
 *
 * <p>FFmpeg has one log for the whole process. The first use here silences it, for whoever else uses FFmpeg in the process too: it would
 * write a line for each damaged frame to the standard error of a host that did not ask for it. Who wants it sets its level again after
 * the first film ({@code av_log_set_level}).
 */
final class Ffmpeg {
    /** Of the process: EMFILE, which is the same number on Linux, macOS and Windows. */
    static final int TOO_MANY_FILES = -24;
    /** Of the machine: ENFILE. */
    private static final int TOO_MANY_IN_ALL = -23;
    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");

    private Ffmpeg() {
    }

    /** The libraries are loaded once in a process, by whoever needs them first. */
    private static final class Loading {
        /** What went wrong, or null. */
        static final LinkageError FAILURE = loadUninterrupted();

        private Loading() {
        }
    }

    /** In a thread of its own: in one that is interrupted, unpacking the libraries fails, and then for the whole process. */
    private static LinkageError loadUninterrupted() {
        AtomicReference<LinkageError> failure = new AtomicReference<>();
        Thread loader = new Thread(() -> {
            try {
                // the log goes to the standard error of the whole process, and so is silenced for all of it
                av_log_set_level(AV_LOG_QUIET);
            } catch (LinkageError e) {
                failure.set(e);
            }
        }, "kinema-ffmpeg");
        loader.start();
        boolean interrupted = false;
        while (loader.isAlive()) {
            try {
                loader.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return failure.get();
    }

    /**
     * Loads the native libraries and silences their log, of which {@link Damage} counts what matters.
     *
     * @throws KinemaException if FFmpeg's classes, or its libraries for this platform, are not there
     */
    static void load() {
        LinkageError failure = Loading.FAILURE;
        if (failure instanceof NoClassDefFoundError && failure.getCause() instanceof ClassNotFoundException) {
            throw new KinemaException("FFmpeg is not on the class path (there is no class " + failure.getCause().getMessage()
                    + "), and reads all films and pictures in files: add org.bytedeco:ffmpeg, or decode them yourself and give frames, as "
                    + "GivenFilm does", failure);
        }
        if (failure != null) {
            throw new KinemaException("FFmpeg's native libraries cannot be loaded on " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch") + " (" + failure.getMessage() + "): put the org.bytedeco:ffmpeg and "
                    + "org.bytedeco:javacpp jars of this platform on the class path", failure);
        }
    }

    /** FFmpeg's words for a negative status, such as {@code Invalid data found when processing input}. */
    static String text(int status) {
        byte[] text = new byte[128];
        av_strerror(status, text, text.length);
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    /** Passes a status that is not negative on; otherwise says what could not be done to which file. */
    static int check(int status, String action, Path file) {
        if (status < 0) {
            throw new KinemaException("cannot " + action + " '" + file + "' (FFmpeg says '" + text(status)
                    + "'): check that the file is whole and its directory usable, and that memory suffices", shortage(status));
        }
        return status;
    }

    /** What this process or machine is short of, where a status says so; null where it is about the file. */
    static IOException shortage(int status) {
        return status == AVERROR_ENOMEM() || status == TOO_MANY_FILES || status == TOO_MANY_IN_ALL ? new IOException(text(status)) : null;
    }

    /** Never null: an allocation that FFmpeg refuses is an error here and now. */
    static <T> T allocated(T pointer) {
        if (pointer == null) {
            throw new KinemaException("FFmpeg could not allocate native memory: give the process more memory",
                shortage(AVERROR_ENOMEM()));
        }
        return pointer;
    }

    /**
     * The URL of a local file. The {@code file:} scheme keeps FFmpeg from reading another protocol into a name that
     * holds a colon.
     */
    static BytePointer url(Path file) {
        String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
        Charset charset = WINDOWS ? StandardCharsets.UTF_8 : Charset.forName(encoding);
        byte[] name = ("file:" + file.toAbsolutePath()).getBytes(charset);
        byte[] terminated = java.util.Arrays.copyOf(name, name.length + 1);
        return new BytePointer(terminated);
    }
}
