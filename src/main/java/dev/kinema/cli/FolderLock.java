package dev.kinema.cli;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One run at a time writes to a folder; the operating system lets go of the lock when a run ends in whatever way. */
final class FolderLock implements AutoCloseable {
    private static final String FILE = ".kinema.lock";

    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws KinemaException if another run holds the lock */
    static FolderLock of(Path folder) {
        FileChannel channel = null;
        boolean locked = false;
        try {
            channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            locked = lock != null;
            if (locked) {
                return new FolderLock(channel);
            }
            throw taken(folder, null);
        } catch (OverlappingFileLockException e) {
            throw taken(folder, e);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + folder + "' cannot be locked (" + e.getMessage() + "): choose another one with --out", e);
        } finally {
            if (!locked) {
                close(channel);
            }
        }
    }

    private static KinemaException taken(Path folder, Exception cause) {
        return new KinemaException("another run of kinema writes to '" + folder + "': wait for it, or choose another folder with --out", cause);
    }

    private static void close(FileChannel channel) {
        if (channel == null) {
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            throw new KinemaException("a folder's lock cannot be closed (" + e.getMessage() + "): check the file system", e);
        }
    }

    @Override
    public void close() {
        close(channel);
    }
}
