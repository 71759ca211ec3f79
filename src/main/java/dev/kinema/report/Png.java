package dev.kinema.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes PNG pictures (W3C, Portable Network Graphics, third edition) without AWT, so that it also works on images that lack it. */
final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    private static final int TRUE_COLOUR = 2;
    private static final int PALETTE = 3;
    /** Filter types of a row: what is taken off each byte before compression. */
    private static final int NONE = 0;
    private static final int PAETH = 4;

    private Png() {}

    /** A picture u8 RGB [height, width, 3]. */
    static byte[] ofRgb(int width, int height, byte[] rgb) {
        return encode(width, height, TRUE_COLOUR, null, filtered(rgb, width * 3, height));
    }

    /** A picture whose pixels [height, width] are numbers of colours of the {@link ColourMap}. */
    static byte[] ofColourMap(int width, int height, byte[] indices) {
        byte[] palette = new byte[ColourMap.SIZE * 3];
        for (int i = 0; i < ColourMap.SIZE; i++) {
            int rgb = ColourMap.rgb(i);
            palette[3 * i] = (byte) (rgb >> 16);
            palette[3 * i + 1] = (byte) (rgb >> 8);
            palette[3 * i + 2] = (byte) rgb;
        }
        byte[] rows = new byte[height * (width + 1)];
        for (int y = 0; y < height; y++) {
            rows[y * (width + 1)] = NONE;
            System.arraycopy(indices, y * width, rows, y * (width + 1) + 1, width);
        }
        return encode(width, height, PALETTE, palette, rows);
    }

    /** A file's bytes as an address that holds them. */
    static String dataUri(byte[] png) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
    }

    private static byte[] encode(int width, int height, int colourType, byte[] palette, byte[] rows) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(SIGNATURE);
        chunk(out, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).put((byte) colourType).array());
        if (palette != null) {
            chunk(out, "PLTE", palette);
        }
        chunk(out, "IDAT", deflated(rows));
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 checksum = new CRC32();
        checksum.update(name);
        checksum.update(data);
        out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        out.writeBytes(name);
        out.writeBytes(data);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) checksum.getValue()).array());
    }

    private static byte[] deflated(byte[] rows) {
        Deflater deflater = new Deflater();
        try {
            deflater.setInput(rows);
            deflater.finish();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] block = new byte[1 << 16];
            while (!deflater.finished()) {
                out.write(block, 0, deflater.deflate(block));
            }
            return out.toByteArray();
        } finally {
            deflater.end();
        }
    }

    /** Rows with their filter type in front: each the one whose differences are smallest, as the specification advises. */
    private static byte[] filtered(byte[] rgb, int stride, int height) {
        byte[] rows = new byte[height * (stride + 1)];
        byte[] tried = new byte[stride];
        for (int y = 0; y < height; y++) {
            int at = y * (stride + 1);
            long least = Long.MAX_VALUE;
            for (int filter = NONE; filter <= PAETH; filter++) {
                long sum = filter(filter, rgb, y, stride, tried);
                if (sum < least) {
                    least = sum;
                    rows[at] = (byte) filter;
                    System.arraycopy(tried, 0, rows, at + 1, stride);
                }
            }
        }
        return rows;
    }

    /** Filters row {@code y} and returns the sum of its differences' sizes. */
    private static long filter(int type, byte[] rgb, int y, int stride, byte[] target) {
        long sum = 0;
        for (int x = 0; x < stride; x++) {
            int left = x < 3 ? 0 : rgb[y * stride + x - 3] & 0xFF;
            int up = y == 0 ? 0 : rgb[(y - 1) * stride + x] & 0xFF;
            int upLeft = x < 3 || y == 0 ? 0 : rgb[(y - 1) * stride + x - 3] & 0xFF;
            int predicted = switch (type) {
                case 1 -> left;
                case 2 -> up;
                case 3 -> (left + up) / 2;
                case PAETH -> paeth(left, up, upLeft);
                default -> 0;
            };
            target[x] = (byte) ((rgb[y * stride + x] & 0xFF) - predicted);
            sum += Math.abs(target[x]);
        }
        return sum;
    }

    /** Of three neighbours the one nearest to left + up - upLeft. */
    private static int paeth(int left, int up, int upLeft) {
        int estimate = left + up - upLeft;
        int toLeft = Math.abs(estimate - left);
        int toUp = Math.abs(estimate - up);
        int toUpLeft = Math.abs(estimate - upLeft);
        if (toLeft <= toUp && toLeft <= toUpLeft) {
            return left;
        }
        return toUp <= toUpLeft ? up : upLeft;
    }
}
