package dev.kinema.video;

/**
 * How a shown picture becomes an output picture: the short side is scaled to a length, then the centre is cut out.
 *
 * <p>The rules are PySlowFast's for testing ({@code slowfast/datasets/transform.py}): the other side is
 * {@code floor(other/short * size)}, a picture whose short side already fits is not touched, and the crop starts at
 * {@code ceil((side - crop) / 2)}. Pixels are taken as square, as there.
 *
 * @param shortSide length of the short side after scaling in pixels, 0 to keep the size
 * @param crop side of the square cut out of the centre in pixels, 0 to cut nothing
 * @param stretched whether both sides are scaled to {@code shortSide} instead, whatever that does to the aspect ratio; then the crop must
 *     be the whole
 */
public record Framing(int shortSide, int crop, boolean stretched) {
    /** Checks that the crop fits. */
    public Framing {
        if (shortSide < 0 || crop < 0 || crop > shortSide) {
            throw new IllegalArgumentException("a crop of " + crop + " pixels from a short side of " + shortSide
                    + ": both must be 0 or more, and the crop no larger than the side it is cut from");
        }
        if (stretched && (shortSide == 0 || crop != shortSide)) {
            throw new IllegalArgumentException("a crop of " + crop + " pixels from a picture stretched to " + shortSide
                    + ": both must be the same, and above 0");
        }
    }

    /** Scaled with its aspect ratio kept, then cropped. */
    public Framing(int shortSide, int crop) {
        this(shortSide, crop, false);
    }

    /** The whole picture in its own size. */
    public static Framing whole() {
        return new Framing(0, 0);
    }

    /** Short side to {@code size}, then the centre {@code size x size}: what a clip encoder eats. */
    public static Framing square(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a square of " + size + " pixels: use 1 or more");
        }
        return new Framing(size, size);
    }

    /** The whole picture scaled straight to {@code size x size}, its aspect ratio not kept: how VidSitu's toolkit makes its pictures. */
    public static Framing stretched(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a square of " + size + " pixels: use 1 or more");
        }
        return new Framing(size, size, true);
    }

    /** Side {@code side} of a picture after scaling, where {@code other} is its other side. */
    int scaled(int side, int other) {
        if (stretched) {
            return shortSide;
        }
        int shorter = Math.min(side, other);
        if (shortSide == 0 || shorter == shortSide) {
            return side;
        }
        if (side == shorter) {
            return shortSide;
        }
        // the order of operations is that of the reference, whose doubles decide some floors
        return (int) Math.floor((double) side / other * shortSide);
    }

    /** Side of the output for a shown picture with these sides. */
    int output(int side, int other) {
        return crop == 0 ? scaled(side, other) : crop;
    }

    /** First scaled pixel along {@code side} that is kept. */
    int offset(int side, int other) {
        return crop == 0 ? 0 : (scaled(side, other) - crop + 1) / 2;
    }
}
