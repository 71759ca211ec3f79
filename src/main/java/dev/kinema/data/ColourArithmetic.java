package dev.kinema.data;

/** Whose definitions of contrast, saturation and grey are followed: the two references differ. */
public enum ColourArithmetic {
    /**
     * {@code tf.image}, as in CVRL: contrast about each channel's mean, saturation of HSV, grey of 0.2989 R + 0.5870 G + 0.1140 B.
     */
    TENSORFLOW(0.2989f, 0.5870f, 0.1140f),
    /**
     * Pillow, as in PySlowFast: contrast about the mean luma, saturation as distance from the pixel's luma, which is
     * 0.299 R + 0.587 G + 0.114 B. Pillow rounds to 8 bits after every operation; here values stay real to the end.
     */
    PILLOW(0.299f, 0.587f, 0.114f);

    final float red;
    final float green;
    final float blue;

    ColourArithmetic(float red, float green, float blue) {
        this.red = red;
        this.green = green;
        this.blue = blue;
    }
}
