package dev.kinema.video;

/**
 * How stored pictures are turned to be shown: one of the eight ways to lay a rectangle on itself.
 *
 * @param transposed the shown x axis runs along the stored y axis
 * @param flipX the shown x axis runs against the stored axis it lies on
 * @param flipY the shown y axis runs against the stored axis it lies on
 */
record Orientation(boolean transposed, boolean flipX, boolean flipY) {
    static final Orientation UPRIGHT = new Orientation(false, false, false);

    /**
     * Reads a display matrix (ISO/IEC 14496-12, 6.2.2: shown x = a*p + c*q, shown y = b*p + d*q). An angle that is no
     * multiple of 90 degrees goes to the nearest one.
     */
    static Orientation of(int a, int b, int c, int d) {
        boolean transposed = Math.abs((long) b) + Math.abs((long) c) > Math.abs((long) a) + Math.abs((long) d);
        return transposed ? new Orientation(true, c < 0, b < 0) : new Orientation(false, a < 0, d < 0);
    }

    /** Degrees clockwise (0, 90, 180, 270) that stored pictures are turned by, mirroring left aside. */
    int degrees() {
        if (transposed) {
            return flipX ? 90 : 270;
        }
        return flipY ? 180 : 0;
    }

    /** The display matrix's a, b, c, d for a clockwise turn, in 16.16 fixed point. */
    static int[] matrix(int degrees) {
        int one = 1 << 16;
        return switch (degrees) {
            case 0 -> new int[] {one, 0, 0, one};
            case 90 -> new int[] {0, one, -one, 0};
            case 180 -> new int[] {-one, 0, 0, -one};
            case 270 -> new int[] {0, -one, one, 0};
            default -> throw new IllegalArgumentException("a turn of " + degrees + " degrees: use 0, 90, 180 or 270");
        };
    }
}
