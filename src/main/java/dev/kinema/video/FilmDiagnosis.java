package dev.kinema.video;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Says in a person's words why a file is not a film that can be read. */
final class FilmDiagnosis {
    private FilmDiagnosis() {
    }

    /** Refuses what cannot be a film whatever its bytes are. */
    static void checkFile(Path file) {
        if (Files.notExists(file)) {
            throw new KinemaException("there is no film '" + file + "': check the path");
        }
        if (Files.isDirectory(file)) {
            throw new KinemaException("'" + file + "' is a directory: name the films in it one by one");
        }
        if (!Files.isRegularFile(file)) {
            // opening a pipe that no one writes to would wait for ever
            throw new KinemaException("'" + file + "' is a pipe or a device, but a film must be sought in: copy it to a "
                    + "file first");
        }
        if (!Files.isReadable(file)) {
            throw new KinemaException("the film '" + file + "' may not be read by this user: change its permissions");
        }
        try {
            if (Files.size(file) == 0) {
                throw new KinemaException("the film '" + file + "' is empty (0 bytes): copy it again from its source");
            }
        } catch (IOException e) {
            throw new KinemaException("cannot read the film '" + file + "' (" + e.getMessage() + "): check the disk", e);
        }
    }

    /** What is wrong with a file that FFmpeg would not open; {@code status} is what it answered. */
    static KinemaException unopened(Path file, int status) {
        if (Ffmpeg.shortage(status) != null) {
            return new KinemaException("the film '" + file + "' could not be opened ('" + Ffmpeg.text(status) + "'): give the process "
                    + "more memory or open files, or let it read fewer films at once", Ffmpeg.shortage(status));
        }
        if (lacksIndex(file)) {
            return new KinemaException("the film '" + file + "' has no index ('moov' box): its end is cut off or its "
                    + "recording never finished, so copy it again, or rebuild it with a repair tool");
        }
        return new KinemaException("'" + file + "' is not a film that FFmpeg can read ('" + Ffmpeg.text(status)
                + "'): check that it is a video file and that it is complete");
    }

    /** Whether a file starts as an MP4 (ISO/IEC 14496-12, 4.2: boxes of size and type) but has no top-level moov box. */
    private static boolean lacksIndex(Path file) {
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            ByteBuffer head = ByteBuffer.allocate(16);
            long position = 0;
            boolean first = true;
            while (position + 8 <= channel.size()) {
                channel.position(position);
                head.clear();
                while (head.hasRemaining() && channel.read(head) >= 0) {
                    // a channel may deliver fewer bytes than it has
                }
                String type = new String(head.array(), 4, 4, StandardCharsets.ISO_8859_1);
                if (first && !type.equals("ftyp") || type.equals("moov")) {
                    return false;
                }
                first = false;
                long size = Integer.toUnsignedLong(head.getInt(0));
                size = size == 1 ? head.getLong(8) : size;
                if (size < 8) {
                    return true;
                }
                position = size > channel.size() ? channel.size() : position + size;
            }
            return !first;
        } catch (IOException e) {
            // FFmpeg's own words are still there to be shown
            return false;
        }
    }
}
