package dev.kinema.data;

import dev.kinema.graph.Philox;
import java.nio.ByteBuffer;

/**
 * The square in the middle of the scaled picture, as PySlowFast tests with one crop ({@code slowfast/datasets/transform.py}): it starts
 * at {@code ceil((side - size) / 2)} on both axes.
 *
 * @param shortSide length in pixels that the short side is scaled to
 * @param size side of the square in pixels, not more than that
 */
public record CentreCrop(int shortSide, int size) implements ClipTransform {
    /** Checks that the square fits. */
    public CentreCrop {
        if (size < 1 || shortSide < size) {
            throw new IllegalArgumentException("a crop of " + size + " pixels from a short side of " + shortSide
                + ": it must be 1 or more, and no larger than the side it is cut from");
        }
    }

    @Override
    public int variants() {
        return 1;
    }

    @Override
    public Worker worker() {
        return this::crop;
    }

    private void crop(ByteBuffer pictures, int frames, int height, int width, int view, int variant, Philox random, ByteBuffer out,
            int offset) {
        int top = (height - size + 1) / 2;
        int left = (width - size + 1) / 2;
        for (int t = 0; t < frames; t++) {
            for (int y = 0; y < size; y++) {
                int from = ((t * height + top + y) * width + left) * 3;
                out.put(offset + (t * size + y) * size * 3, pictures, from, size * 3);
            }
        }
    }
}
