package dev.kinema.data;

import dev.kinema.KinemaException;
import java.util.List;

/** An interval that numbers are drawn from. In settings it is written as a list of two numbers. */
record Range(double low, double high) {
    /**
     * Reads and checks a setting.
     *
     * @param name its key, for errors
     * @param least smallest value allowed
     * @param most largest value allowed
     */
    static Range of(String name, List<Double> bounds, double least, double most) {
        if (bounds.size() != 2 || !(bounds.get(0) >= least && bounds.get(0) <= bounds.get(1) && bounds.get(1) <= most)) {
            throw new KinemaException(name + " is " + bounds + ": give [low, high], both between " + least + " and " + most);
        }
        return new Range(bounds.get(0), bounds.get(1));
    }

    /** The value at {@code u} in [0, 1). */
    double at(double u) {
        return low + u * (high - low);
    }

    /** The value at {@code u} of a draw that is uniform in the logarithm. */
    double logAt(double u) {
        return low * Math.pow(high / low, u);
    }

    /** Checks a probability. */
    static void probability(String name, double p) {
        if (!(p >= 0 && p <= 1)) {
            throw new KinemaException(name + " is " + p + ": a probability lies between 0 and 1");
        }
    }

    /** Checks the probabilities of a film's clips. */
    static void probabilities(String name, List<Double> perView) {
        if (perView.isEmpty()) {
            throw new KinemaException(name + " is empty: give one probability, or one for each clip of a film");
        }
        perView.forEach(p -> probability(name, p));
    }

    /** The probability for clip {@code view} of a film; the last one holds for all that follow. */
    static double ofView(List<Double> perView, int view) {
        return perView.get(Math.min(view, perView.size() - 1));
    }
}
