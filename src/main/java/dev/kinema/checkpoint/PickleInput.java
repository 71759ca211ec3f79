package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a pickle, read forward through a window, with every length compared with what is left before it is believed.
 */
final class PickleInput {
    /** Byte strings longer than this stay in the file until an array is made of them. */
    private static final int LONGEST_IN_MEMORY = 1 << 16;
    /** Longest line that holds a number or a name; numbers are parsed in quadratic time. */
    private static final int LONGEST_LINE = 1024;

    private final FileRegion region;
    private final ByteBuffer window = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    /** Position in the region of the window's end. */
    private long windowEnd;

    PickleInput(FileRegion region) {
        this.region = region;
    }

    /** Bytes read so far. */
    long position() {
        return windowEnd - window.remaining();
    }

    long remaining() {
        return region.length() - position();
    }

    BoundedFile file() {
        return region.file();
    }

    /** An error at this place. */
    KinemaException damaged(String what) {
        return file().damaged("its pickle " + what + " at byte " + position());
    }

    int unsignedByte() {
        return ensure(1).get() & 0xff;
    }

    int unsignedShort() {
        return ensure(2).getShort() & 0xffff;
    }

    int signedInt() {
        return ensure(4).getInt();
    }

    long unsignedInt() {
        return ensure(4).getInt() & 0xffff_ffffL;
    }

    long signedLong() {
        return ensure(8).getLong();
    }

    /** The one big-endian number of the format. */
    double bigEndianDouble() {
        return Double.longBitsToDouble(Long.reverseBytes(signedLong()));
    }

    /** Refuses a claimed length beyond the end. */
    void requireLeft(long claimed) {
        if (claimed < 0 || claimed > remaining()) {
            throw damaged("claims " + Long.toUnsignedString(claimed) + " bytes with " + remaining() + " left,");
        }
    }

    /** A length read from the file, believed only if that many bytes are left. */
    private int length(long claimed) {
        requireLeft(claimed);
        if (claimed > Integer.MAX_VALUE - 16) {
            throw damaged("has one value of " + claimed + " bytes, more than Java can hold,");
        }
        return (int) claimed;
    }

    /** The next bytes, in memory. */
    byte[] bytes(long claimed) {
        byte[] out = new byte[length(claimed)];
        int buffered = Math.min(out.length, window.remaining());
        window.get(out, 0, buffered);
        if (buffered < out.length) {
            region.copyTo(windowEnd, ByteBuffer.wrap(out, buffered, out.length - buffered));
            windowEnd += out.length - buffered;
        }
        return out;
    }

    /** The next bytes, left in the file where there are many of them. */
    Bytes lazyBytes(long claimed) {
        if (claimed >= 0 && claimed <= LONGEST_IN_MEMORY) {
            return new Bytes.InMemory(bytes(claimed));
        }
        requireLeft(claimed);
        FileRegion out = region.slice(position(), claimed);
        windowEnd = position() + claimed;
        window.limit(0);
        return out;
    }

    /** A byte string of Python 2: text in latin1, or bytes left in the file where it is long. */
    Object latin1(long claimed) {
        Bytes bytes = lazyBytes(claimed);
        return bytes instanceof Bytes.InMemory m ? new String(m.content(), StandardCharsets.ISO_8859_1) : bytes;
    }

    String utf8(long claimed) {
        byte[] bytes = bytes(claimed);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw damaged("has a text that is not UTF-8");
        }
    }

    /** A short line without its end: a number or a name. */
    String shortLine() {
        StringBuilder out = new StringBuilder();
        for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
            if (out.length() == LONGEST_LINE) {
                throw damaged("has a number or name longer than " + LONGEST_LINE + " characters");
            }
            out.append((char) c);
        }
        return out.toString();
    }

    /** A line of any length without its end, in latin1. */
    String line() {
        StringBuilder out = new StringBuilder();
        for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
            out.append((char) c);
        }
        return out.toString();
    }

    private ByteBuffer ensure(int count) {
        if (window.remaining() < count) {
            long left = region.length() - windowEnd;
            if (window.remaining() + left < count) {
                throw damaged("ends too early");
            }
            window.compact();
            window.limit((int) Math.min(window.capacity(), window.position() + left));
            int start = window.position();
            region.copyTo(windowEnd, window);
            windowEnd += window.position() - start;
            window.flip();
        }
        return window;
    }
}
