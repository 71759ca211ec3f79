package dev.kinema.data;

/**
 * Which element of a clip's random stream decides what. The numbers are fixed, so no draw depends on whether another operation is
 * applied or what it needed. Changing them changes every run.
 */
final class Element {
    static final int FLIP = 0;
    static final int JITTER = 1;
    static final int ORDER = 2;
    static final int BRIGHTNESS = 3;
    static final int CONTRAST = 4;
    static final int SATURATION = 5;
    static final int HUE = 6;
    static final int GRAYSCALE = 7;
    static final int BLUR = 8;
    static final int SIGMA = 9;
    static final int SOLARISE = 10;
    static final int SHORT_SIDE = 11;
    static final int SCALED_Y = 12;
    static final int SCALED_X = 13;

    /** Attempts at a crop start here, {@link #PER_ATTEMPT} elements each. */
    static final int ATTEMPTS = 16;
    static final int PER_ATTEMPT = 4;

    private Element() {}
}
