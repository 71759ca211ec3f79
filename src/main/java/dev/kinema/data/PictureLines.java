package dev.kinema.data;

import java.nio.ByteBuffer;

/** Lines of decoded pictures, u8 RGB [frames, height, width, 3]. */
final class PictureLines implements WindowSampler.Lines {
    private static final float[] UNIT = new float[256];

    static {
        for (int i = 0; i < UNIT.length; i++) {
            UNIT[i] = i / 255f;
        }
    }

    private ByteBuffer pictures;
    private int height;
    private int width;
    private byte[] bytes = new byte[0];

    /** Turns to another clip. */
    void of(ByteBuffer pictures, int height, int width) {
        this.pictures = pictures;
        this.height = height;
        this.width = width;
        bytes = bytes.length < width * 3 ? new byte[width * 3] : bytes;
    }

    @Override
    public void read(int frame, int y, int x, int count, float[][] to) {
        pictures.get(((frame * height + y) * width + x) * 3, bytes, 0, count * 3);
        float[] red = to[0];
        float[] green = to[1];
        float[] blue = to[2];
        for (int i = 0; i < count; i++) {
            red[i] = UNIT[bytes[3 * i] & 0xff];
            green[i] = UNIT[bytes[3 * i + 1] & 0xff];
            blue[i] = UNIT[bytes[3 * i + 2] & 0xff];
        }
    }

    /** Copies whole pictures. */
    void load(int frames, Planes planes, float[][] line) {
        planes.shape(frames, height, width);
        for (int frame = 0; frame < frames; frame++) {
            for (int y = 0; y < height; y++) {
                read(frame, y, 0, width, line);
                planes.write(frame, y, line);
            }
        }
    }
}
