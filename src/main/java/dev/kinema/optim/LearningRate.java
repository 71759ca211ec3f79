package dev.kinema.optim;

import dev.kinema.KinemaException;
import java.util.List;

/** A learning rate over training: a pure function of the epoch, fractions included (epoch + iteration / iterations per epoch). */
@FunctionalInterface
public interface LearningRate {
    double at(double epoch);

    /** The same at all times. */
    static LearningRate constant(double rate) {
        return epoch -> rate;
    }

    /** Half a cosine from {@code base} at epoch 0 to {@code end} at {@code epochs} (Loshchilov and Hutter, arXiv:1608.03983). */
    static LearningRate cosine(double base, double end, double epochs) {
        return cosine(base, end, 0, epochs);
    }

    /** Half a cosine from {@code base} at epoch {@code from} to {@code end} at {@code epochs} (PySlowFast: COSINE_AFTER_WARMUP). */
    static LearningRate cosine(double base, double end, double from, double epochs) {
        ordered(from, epochs);
        return epoch -> end + (base - end) * (Math.cos(Math.PI * (epoch - from) / (epochs - from)) + 1) / 2;
    }

    /** A straight line from {@code base} at epoch {@code from} to {@code end} at {@code epochs}. */
    static LearningRate linear(double base, double end, double from, double epochs) {
        ordered(from, epochs);
        return epoch -> base + (end - base) * (epoch - from) / (epochs - from);
    }

    /**
     * {@code base} times the factor of the last step at or before the epoch (PySlowFast: steps_with_relative_lrs).
     *
     * @param steps epochs, ascending, the first 0
     * @param factors one per step
     */
    static LearningRate steps(double base, List<Double> steps, List<Double> factors) {
        boolean ascending = true;
        for (int i = 1; i < steps.size(); i++) {
            ascending &= steps.get(i) > steps.get(i - 1);
        }
        if (steps.size() != factors.size() || steps.isEmpty() || steps.get(0) != 0 || !ascending) {
            throw new KinemaException("learning rate steps must ascend from 0 and have one factor each, got steps " + steps + " and factors "
                + factors);
        }
        return epoch -> {
            int i = 0;
            while (i + 1 < steps.size() && steps.get(i + 1) <= epoch) {
                i++;
            }
            return factors.get(i) * base;
        };
    }

    /**
     * This rate after a warm-up: for the first {@code epochs} a straight line from {@code start} to the value that this rate has at their
     * end (not its base: PySlowFast's cosine starts to fall at epoch 0).
     */
    default LearningRate withWarmUp(double start, double epochs) {
        double target = at(epochs);
        return epoch -> epoch < epochs ? start + epoch * (target - start) / epochs : at(epoch);
    }

    private static void ordered(double from, double to) {
        if (!(from < to)) {
            throw new KinemaException("a learning rate cannot run from epoch " + from + " to epoch " + to + ": the end must come later");
        }
    }
}
