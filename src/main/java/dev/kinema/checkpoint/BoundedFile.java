package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file open for reading by position, with its size fixed when it was opened. Files of any size are read piece by piece; the
 * file is not memory mapped, so one that shrinks meanwhile gives an error and not a crash.
 */
final class BoundedFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final long size;

    private BoundedFile(Path path, FileChannel channel, long size) {
        this.path = path;
        this.channel = channel;
        this.size = size;
    }

    static BoundedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new KinemaException(path + ": is a folder: name a file in it");
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new KinemaException(path + ": is not a regular file: name one");
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            return new BoundedFile(path, channel, channel.size());
        } catch (IOException e) {
            KinemaException failure = new KinemaException(path + ": cannot be opened: " + IoReason.of(e), e);
            if (channel != null) {
                closeAfter(failure, channel);
            }
            throw failure;
        }
    }

    private static void closeAfter(KinemaException failure, FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    Path path() {
        return path;
    }

    long size() {
        return size;
    }

    FileRegion whole() {
        return new FileRegion(this, 0, size);
    }

    /** Fills {@code destination} from {@code position} on. */
    void read(long position, ByteBuffer destination) {
        if (position < 0 || position > size - destination.remaining()) {
            throw damaged(destination.remaining() + " bytes at offset " + position + " reach past its end at " + size);
        }
        long at = position;
        try {
            while (destination.hasRemaining()) {
                int n = channel.read(destination, at);
                if (n < 0) {
                    throw damaged("it shrank from " + size + " to " + at + " bytes while it was read");
                }
                at += n;
            }
        } catch (IOException e) {
            throw new KinemaException(path + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    /** The first bytes, at most {@code count}. */
    byte[] head(int count) {
        byte[] head = new byte[(int) Math.min(count, size)];
        read(0, ByteBuffer.wrap(head));
        return head;
    }

    /** The error for a file whose bytes contradict each other. */
    KinemaException damaged(String what) {
        return new KinemaException(path + ": " + what + ": the file is truncated or damaged, fetch it again");
    }

    /** An error with a remedy of its own. */
    KinemaException refused(String whatAndRemedy) {
        return new KinemaException(path + ": " + whatAndRemedy);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new KinemaException(path + ": cannot be closed: " + IoReason.of(e), e);
        }
    }
}
