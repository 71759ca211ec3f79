package dev.kinema.data;

/**
 * What was drawn for one clip; it holds for all its frames.
 *
 * @param order which of the 24 orders of the colour operations, 0 to 23, see {@link ColourOrder}
 * @param hue in hue circles
 * @param sigma in pixels
 */
record Draw(CropWindow window, boolean flip, boolean jitter, int order, double brightness, double contrast, double saturation,
        double hue, boolean grayscale, boolean blur, double sigma, boolean solarise) {
    /** Whether anything but crop and flip is done. */
    boolean changesValues() {
        return jitter || grayscale || blur || solarise;
    }
}
