package dev.kinema.data;

/** Which part of a picture becomes the output picture, and at what scale. */
record CropWindow(Span vertical, Span horizontal) {
    /**
     * One axis: source pixels {@code first} to {@code first + length - 1} are scaled to {@code scaled} pixels, and the output is
     * those from {@code offset} on.
     */
    record Span(int first, int length, int scaled, int offset) {}

    /** A rectangle that becomes a square of {@code size} pixels. */
    static CropWindow of(int y, int x, int height, int width, int size) {
        return new CropWindow(new Span(y, height, size, 0), new Span(x, width, size, 0));
    }
}
