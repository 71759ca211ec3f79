package dev.kinema.video;

import java.util.HashMap;
import java.util.Map;

/**
 * How a film is encoded.
 *
 * @param codec FFmpeg's name of the encoder, or empty for the first present of those that suit the file's ending and size
 * @param pixelFormat FFmpeg's name of the pixel format, such as {@code yuv420p}
 * @param bitsPerPixel what lossy codecs may spend on a pixel of a frame
 * @param keyEvery frames from key frame to key frame at most
 * @param bt709 whether colours are coded and tagged as BT.709; otherwise BT.601 (SMPTE 170M)
 * @param fullRange whether luma takes all code values (as in JPEG) and not 16 to 235
 * @param interlaced whether frames are marked as two fields, the upper line first
 * @param rotation degrees clockwise (0, 90, 180, 270) that players are told to turn pictures by
 * @param options further options of the encoder or the container, by FFmpeg's names
 */
public record Encoding(String codec, String pixelFormat, double bitsPerPixel, int keyEvery, boolean bt709,
        boolean fullRange, boolean interlaced, int rotation, Map<String, String> options) {
    /** Checks and copies. */
    public Encoding {
        if (!(bitsPerPixel > 0) || keyEvery < 1) {
            throw new IllegalArgumentException("an encoding of " + bitsPerPixel + " bits per pixel with a key frame every "
                    + keyEvery + " frames: both must be above 0");
        }
        Orientation.matrix(rotation);
        options = Map.copyOf(options);
    }

    /** 4:2:0, 8 bits, BT.601, a quarter of a bit per pixel, a key frame every 48 frames at least. */
    public static Encoding standard() {
        return new Encoding("", "yuv420p", 0.25, 48, false, false, false, 0, Map.of());
    }

    /** The same with an encoder of FFmpeg's and a pixel format. */
    public Encoding withCodec(String name, String format) {
        return new Encoding(name, format, bitsPerPixel, keyEvery, bt709, fullRange, interlaced, rotation, options);
    }

    /** The same with another rate and distance of key frames. */
    public Encoding withRate(double bits, int keys) {
        return new Encoding(codec, pixelFormat, bits, keys, bt709, fullRange, interlaced, rotation, options);
    }

    /** The same with other colour tags. */
    public Encoding withColour(boolean useBt709, boolean full) {
        return new Encoding(codec, pixelFormat, bitsPerPixel, keyEvery, useBt709, full, interlaced, rotation, options);
    }

    /** The same, its frames marked as two fields. */
    public Encoding withInterlaced() {
        return new Encoding(codec, pixelFormat, bitsPerPixel, keyEvery, bt709, fullRange, true, rotation, options);
    }

    /** The same with a turn for players to apply. */
    public Encoding withRotation(int degrees) {
        return new Encoding(codec, pixelFormat, bitsPerPixel, keyEvery, bt709, fullRange, interlaced, degrees, options);
    }

    /** The same with one more option. */
    public Encoding withOption(String name, String value) {
        Map<String, String> more = new HashMap<>(options);
        more.put(name, value);
        return new Encoding(codec, pixelFormat, bitsPerPixel, keyEvery, bt709, fullRange, interlaced, rotation, more);
    }
}
