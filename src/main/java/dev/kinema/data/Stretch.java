package dev.kinema.data;

import dev.kinema.graph.Philox;
import dev.kinema.video.Framing;
import java.nio.ByteBuffer;

/**
 * The whole picture as a square, its aspect ratio not kept, as VidSitu's toolkit shows events to networks in training and in testing.
 * Nothing is drawn.
 *
 * @param size side of the square in pixels
 */
public record Stretch(int size) implements ClipTransform {
    /** Checks the size. */
    public Stretch {
        if (size < 1) {
            throw new IllegalArgumentException("pictures of " + size + " pixels: use 1 or more");
        }
    }

    @Override
    public int shortSide() {
        return size;
    }

    @Override
    public Framing framing() {
        return Framing.stretched(size);
    }

    @Override
    public int variants() {
        return 1;
    }

    /** Copies: pictures come in their final size. */
    @Override
    public Worker worker() {
        return this::copy;
    }

    private void copy(ByteBuffer pictures, int frames, int height, int width, int view, int variant, Philox random, ByteBuffer out,
            int offset) {
        if (height != size || width != size) {
            throw new IllegalArgumentException("pictures of " + width + "x" + height + ", not " + size + "x" + size
                + ": decode them by this transform's framing");
        }
        out.put(offset, pictures, 0, frames * size * size * 3);
    }
}
