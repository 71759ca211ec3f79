package dev.kinema.checkpoint;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** The sentence for an {@link IOException}, whose own message is often just the path again. */
final class IoReason {
    private IoReason() {}

    static String of(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file or folder: check the path";
        }
        if (e instanceof AccessDeniedException) {
            return "access is denied: check the permissions";
        }
        if (e instanceof ClosedChannelException) {
            return "it was already closed: read before close, or open it again";
        }
        String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
        if (reason == null) {
            reason = e.getClass().getSimpleName();
        }
        return reason.contains("No space left")
                ? "no space is left on the device: free some, or write elsewhere"
                : reason.replaceAll("\\s+", " ") + ": check the file and its disk";
    }
}
