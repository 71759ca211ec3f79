package dev.kinema.data;

import dev.kinema.KinemaException;
import java.util.List;

/**
 * Random Gaussian blur of each frame; the taps sum to 1.
 *
 * @param probability of each clip of a film in turn; the last one holds for further clips
 * @param sigma range of the standard deviation in pixels of the picture that is blurred
 * @param radius taps on each side of the centre; 0 stands for three standard deviations, rounded up
 * @param border what lies outside a frame
 */
public record GaussianBlur(List<Double> probability, List<Double> sigma, int radius, Border border) {
    /** What lies outside a frame. */
    public enum Border {
        /** Black: frames darken towards their edges, as in the released CVRL. */
        ZERO,
        /** The nearest pixel, as in Pillow. */
        EDGE
    }

    private static final double WIDEST = 50;
    private static final int LARGEST_RADIUS = 150;

    /** Checks the ranges. */
    public GaussianBlur {
        probability = List.copyOf(probability);
        sigma = List.copyOf(sigma);
        Range.probabilities("probability", probability);
        Range.of("sigma", sigma, 0.01, WIDEST);
        if (radius < 0 || radius > LARGEST_RADIUS) {
            throw new KinemaException("radius is " + radius + ": use 0 (three standard deviations) to " + LARGEST_RADIUS);
        }
    }

    int radius(double drawnSigma) {
        return radius > 0 ? radius : (int) Math.ceil(3 * drawnSigma);
    }
}
