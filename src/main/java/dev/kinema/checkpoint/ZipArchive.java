package dev.kinema.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The directory of a zip archive of stored (uncompressed) entries, as torch.save writes them, zip64 included. Entries stay in the
 * file, so that tensors are read in place (PKWARE APPNOTE 6.3, sections 4.3.7 to 4.3.16, 4.5.3).
 */
final class ZipArchive {
    private static final int END = 0x06054b50;
    private static final int END64 = 0x06064b50;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int LOCAL = 0x04034b50;
    private static final int END_BYTES = 22;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final long MARK32 = 0xffff_ffffL;
    private static final long LONGEST_DIRECTORY = 64L << 20;

    private record Entry(int flags, int method, long crc32, long compressed, long length, long offset) {}

    private final BoundedFile file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private ZipArchive(BoundedFile file) {
        this.file = file;
    }

    static boolean matches(byte[] head) {
        return head.length >= 4 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
    }

    static ZipArchive read(BoundedFile file) {
        ZipArchive archive = new ZipArchive(file);
        archive.readDirectory();
        return archive;
    }

    Set<String> names() {
        return Collections.unmodifiableSet(entries.keySet());
    }

    /** The bytes of an entry. */
    ChecksummedRegion entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw file.damaged("its archive has no entry " + Quoted.of(name));
        }
        if ((entry.flags() & 1) != 0 || entry.method() != 0 || entry.compressed() != entry.length()) {
            throw file.refused("its entry " + Quoted.of(name) + " is compressed or encrypted, which torch.save never does: "
                    + "save it again with torch.save");
        }
        ByteBuffer local = at(entry.offset(), LOCAL_BYTES);
        if (local.getInt(0) != LOCAL) {
            throw file.damaged("its archive has no entry where " + Quoted.of(name) + " should be");
        }
        long start = entry.offset() + LOCAL_BYTES + unsigned(local, 26) + unsigned(local, 28);
        return new ChecksummedRegion(name, new FileRegion(file, start, entry.length()), entry.crc32());
    }

    private void readDirectory() {
        long end = findEnd();
        ByteBuffer tail = at(end, END_BYTES);
        long count = unsigned(tail, 10);
        long length = unsigned32(tail, 12);
        long offset = unsigned32(tail, 16);
        if (count == 0xffff || length == MARK32 || offset == MARK32) {
            ByteBuffer locator = at(end - 20, 20);
            if (locator.getInt(0) != LOCATOR64) {
                throw file.damaged("its archive lacks the zip64 locator");
            }
            ByteBuffer end64 = at(locator.getLong(8), 56);
            if (end64.getInt(0) != END64) {
                throw file.damaged("its archive lacks the zip64 directory");
            }
            count = end64.getLong(32);
            length = end64.getLong(40);
            offset = end64.getLong(48);
        }
        if (length < 0 || length > LONGEST_DIRECTORY || count < 0 || count > length / CENTRAL_BYTES) {
            throw file.damaged("its archive claims " + count + " entries in a directory of " + length + " bytes");
        }
        ByteBuffer directory = at(offset, (int) length);
        for (long i = 0; i < count; i++) {
            readEntry(directory);
        }
    }

    /** The end record is the last thing in the file but for a comment of at most 65,535 bytes. */
    private long findEnd() {
        long from = Math.max(0, file.size() - END_BYTES - 0xffff);
        ByteBuffer tail = at(from, (int) (file.size() - from));
        for (int i = tail.limit() - END_BYTES; i >= 0; i--) {
            if (tail.getInt(i) == END && i + END_BYTES + unsigned(tail, i + 20) == tail.limit()) {
                return from + i;
            }
        }
        throw file.damaged("its zip archive has no end");
    }

    private void readEntry(ByteBuffer directory) {
        int start = directory.position();
        if (directory.remaining() < CENTRAL_BYTES || directory.getInt(start) != CENTRAL) {
            throw file.damaged("its archive's directory breaks off");
        }
        int nameLength = unsigned(directory, start + 28);
        int extraLength = unsigned(directory, start + 30);
        int total = CENTRAL_BYTES + nameLength + extraLength + unsigned(directory, start + 32);
        if (directory.remaining() < total) {
            throw file.damaged("its archive's directory breaks off");
        }
        byte[] name = new byte[nameLength];
        directory.get(start + CENTRAL_BYTES, name);
        // the fields that may be moved to the zip64 extra, in the order they have there
        long[] wide = {unsigned32(directory, start + 24), unsigned32(directory, start + 20), unsigned32(directory, start + 42)};
        widen(directory.slice(start + CENTRAL_BYTES + nameLength, extraLength).order(ByteOrder.LITTLE_ENDIAN), wide);
        Entry entry = new Entry(unsigned(directory, start + 8), unsigned(directory, start + 10), unsigned32(directory, start + 16),
                wide[1], wide[0], wide[2]);
        String text = new String(name, StandardCharsets.UTF_8);
        if (entries.put(text, entry) != null) {
            throw file.damaged("its archive has two entries " + Quoted.of(text));
        }
        directory.position(start + total);
    }

    private void widen(ByteBuffer extra, long[] fields) {
        while (extra.remaining() >= 4) {
            int id = extra.getShort() & 0xffff;
            int length = extra.getShort() & 0xffff;
            if (length > extra.remaining()) {
                throw file.damaged("its archive has a malformed extra field");
            }
            ByteBuffer body = extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; id == 1 && i < fields.length; i++) {
                if (fields[i] == MARK32 && body.remaining() >= 8) {
                    fields[i] = body.getLong();
                }
            }
            extra.position(extra.position() + length);
        }
    }

    private ByteBuffer at(long offset, int length) {
        if (offset < 0 || offset > file.size() - length) {
            throw file.damaged("its zip archive points outside the file");
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        file.read(offset, out);
        return out.flip();
    }

    private static int unsigned(ByteBuffer buffer, int index) {
        return buffer.getShort(index) & 0xffff;
    }

    private static long unsigned32(ByteBuffer buffer, int index) {
        return buffer.getInt(index) & MARK32;
    }
}
