package dev.kinema.data;

import java.util.List;

/**
 * Random changes of colour: brightness, contrast, saturation and hue, in a random order of the four, each clipped to [0, 1].
 *
 * @param probability of all four together
 * @param brightness range of the factor on every value
 * @param contrast range of the factor on the distance from the clip's mean
 * @param saturation range of the factor on the distance from grey
 * @param hue range of the turn, in hue circles
 */
public record ColourJitter(double probability, List<Double> brightness, List<Double> contrast, List<Double> saturation,
        List<Double> hue) {
    private static final double STRONGEST = 10;

    /** Checks the ranges. */
    public ColourJitter {
        Range.probability("probability", probability);
        brightness = List.copyOf(brightness);
        contrast = List.copyOf(contrast);
        saturation = List.copyOf(saturation);
        hue = List.copyOf(hue);
        Range.of("brightness", brightness, 0, STRONGEST);
        Range.of("contrast", contrast, 0, STRONGEST);
        Range.of("saturation", saturation, 0, STRONGEST);
        Range.of("hue", hue, -0.5, 0.5);
    }
}
