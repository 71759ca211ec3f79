package dev.kinema.checkpoint;

import java.nio.ByteBuffer;

/**
 * A range of an open file; nothing is read until it is asked for.
 *
 * @param file where the bytes are; it must be open when they are read
 * @param offset first byte
 * @param length number of bytes; offset + length lies within the file
 */
record FileRegion(BoundedFile file, long offset, long length) implements Bytes {
    FileRegion {
        if (offset < 0 || length < 0 || offset > file.size() - length) {
            throw file.damaged(length + " bytes at offset " + offset + " reach past its end at " + file.size());
        }
    }

    /** The part of this region from {@code from} on, {@code count} bytes long. */
    FileRegion slice(long from, long count) {
        if (from < 0 || count < 0 || from > length - count) {
            throw file.damaged(count + " bytes at " + from + " reach past the end of a part that has " + length);
        }
        return new FileRegion(file, offset + from, count);
    }

    @Override
    public void copyTo(long from, ByteBuffer destination) {
        file.read(offset + from, destination);
    }
}
