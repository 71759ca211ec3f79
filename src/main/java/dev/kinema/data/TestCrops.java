package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.nio.ByteBuffer;

/**
 * PySlowFast's crops for testing ({@code slowfast/datasets/transform.py}, {@code uniform_crop}): squares cut from pictures whose
 * short side was scaled. Three crops lie left, in the centre and right in a picture at least as wide as high, else at the top, in
 * the centre and at the bottom; one crop is the centre. The centre starts at {@code ceil((side - size) / 2)}. Nothing is drawn.
 *
 * @param shortSide short side of the decoded pictures in pixels
 * @param size side of the crops in pixels
 * @param crops 1 or 3
 */
public record TestCrops(int shortSide, int size, int crops) implements ClipTransform {
    /** Checks that the crops fit. */
    public TestCrops {
        if (size < 1 || shortSide < size) {
            throw new KinemaException("size is " + size + " of a short side of " + shortSide
                    + ": it must be at least 1 and no larger than the short side");
        }
        if (crops != 1 && crops != 3) {
            throw new KinemaException("crops is " + crops + ": use 1 (centre) or 3 (both ends and the centre)");
        }
    }

    @Override
    public int variants() {
        return crops;
    }

    @Override
    public Worker worker() {
        return this::crop;
    }

    private void crop(ByteBuffer pictures, int frames, int height, int width, int view, int variant, Philox random, ByteBuffer out,
            int offset) {
        if (Math.min(height, width) < size || variant < 0 || variant >= crops) {
            throw new IllegalArgumentException("crop " + variant + " of " + crops + " of side " + size + " from pictures of "
                    + width + "x" + height);
        }
        int place = crops == 1 ? 1 : variant;
        int y = start(height, width >= height ? 1 : place);
        int x = start(width, width >= height ? place : 1);
        for (int frame = 0; frame < frames; frame++) {
            for (int row = 0; row < size; row++) {
                int from = ((frame * height + y + row) * width + x) * 3;
                out.put(offset + (frame * size + row) * size * 3, pictures, from, size * 3);
            }
        }
    }

    /** First pixel of a crop at the start (0), in the centre (1) or at the end (2) of a side. */
    private int start(int side, int place) {
        int room = side - size;
        return switch (place) {
            case 0 -> 0;
            case 1 -> (room + 1) / 2;
            default -> room;
        };
    }
}
