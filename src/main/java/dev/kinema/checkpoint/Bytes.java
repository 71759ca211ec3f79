package dev.kinema.checkpoint;

import java.nio.ByteBuffer;

/** A run of bytes of known length, in a file or in memory, copied out piece by piece. */
interface Bytes {
    long length();

    /** Fills {@code destination} with the bytes from {@code offset} on; the caller keeps within {@link #length()}. */
    void copyTo(long offset, ByteBuffer destination);

    /** Bytes in memory. */
    record InMemory(byte[] content) implements Bytes {
        @Override
        public long length() {
            return content.length;
        }

        @Override
        public void copyTo(long offset, ByteBuffer destination) {
            destination.put(content, Math.toIntExact(offset), destination.remaining());
        }
    }

    /** Bytes that a pickle wrote as text, one character each; turned into bytes only where they are used, to cost no copy. */
    record Latin1(BoundedFile file, String text) implements Bytes {
        @Override
        public long length() {
            return text.length();
        }

        @Override
        public void copyTo(long offset, ByteBuffer destination) {
            int at = Math.toIntExact(offset);
            while (destination.hasRemaining()) {
                char c = text.charAt(at++);
                if (c > 0xff) {
                    throw file.damaged("its pickle has the character " + Quoted.of(String.valueOf(c)) + " among bytes");
                }
                destination.put((byte) c);
            }
        }
    }
}
