package dev.kinema.run;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One run at a time writes to a folder; the operating system lets go of the lock when a run ends in whatever way. */
public final class FolderLock implements AutoCloseable {
    private static final String FILE = ".kinema.lock";

    private final Path file;
    private final FileChannel channel;

    private FolderLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Takes the lock.
     *
     * @param folder one that exists
     * @param remedy how to choose another folder, for messages: "choose another folder with --out"
     * @throws KinemaException if another run holds the lock, or the folder cannot be written to
     */
    public static FolderLock of(Path folder, String remedy) {
        Path file = folder.resolve(FILE);
        FileChannel channel = null;
        boolean locked = false;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            // a run that ended meanwhile took the file away: whoever made it anew holds another lock
            locked = lock != null && Files.exists(file);
            if (locked) {
                return new FolderLock(file, channel);
            }
            throw taken(folder, remedy, null);
        } catch (OverlappingFileLockException e) {
            throw taken(folder, remedy, e);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + folder + "' cannot be locked (" + e.getMessage() + "): " + remedy, e);
        } finally {
            if (!locked) {
                close(channel);
            }
        }
    }

    private static KinemaException taken(Path folder, String remedy, Exception cause) {
        return new KinemaException("another run of kinema writes to '" + folder + "': wait for it, or " + remedy, cause);
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

    /** Takes the file away, too. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new KinemaException("'" + file + "' cannot be removed (" + e.getMessage() + "): remove it by hand", e);
        } finally {
            close(channel);
        }
    }
}
