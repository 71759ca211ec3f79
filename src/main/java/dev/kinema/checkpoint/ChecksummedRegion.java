package dev.kinema.checkpoint;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** A stored entry of a zip archive, whose checksum is verified before its first bytes are handed out. */
final class ChecksummedRegion implements Bytes {
    private final String name;
    private final FileRegion region;
    private final long crc32;
    private boolean verified;

    ChecksummedRegion(String name, FileRegion region, long crc32) {
        this.name = name;
        this.region = region;
        this.crc32 = crc32;
    }

    /** The region, its checksum verified. */
    FileRegion verified() {
        if (!verified) {
            CRC32 sum = new CRC32();
            ByteBuffer piece = ByteBuffer.allocate((int) Math.min(1 << 18, region.length()));
            for (long at = 0; at < region.length(); at += piece.limit()) {
                piece.clear().limit((int) Math.min(piece.capacity(), region.length() - at));
                region.copyTo(at, piece);
                sum.update(piece.flip());
            }
            if (sum.getValue() != crc32) {
                throw region.file().damaged("its entry " + Quoted.of(name) + " does not match its checksum");
            }
            verified = true;
        }
        return region;
    }

    @Override
    public long length() {
        return region.length();
    }

    @Override
    public void copyTo(long offset, ByteBuffer destination) {
        verified().copyTo(offset, destination);
    }
}
