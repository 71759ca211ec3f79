package dev.kinema.report;

import java.util.ArrayList;
import java.util.List;

/**
 * An axis from {@code low} to {@code high}, in equal steps or equal factors, with round marks.
 *
 * @param log equal factors take equal room; both ends are then above 0
 */
record Scale(double low, double high, boolean log) {
    /** Room between the data and the frame, as a share of the data's extent. */
    private static final double MARGIN = 0.05;
    private static final double[] ROUND = {1, 2, 5};

    /** A mark: where, and what it says. */
    record Mark(double value, String label) {}

    Scale {
        if (!(high > low) || log && !(low > 0) || !Double.isFinite(high - low)) {
            throw new IllegalArgumentException("an axis from " + low + " to " + high);
        }
    }

    /** An axis that holds the values exactly, as for steps. */
    static Scale across(double least, double greatest) {
        if (!(least <= greatest)) {
            return new Scale(0, 1, false);
        }
        return least == greatest ? new Scale(least - room(least), least + room(least), false) : new Scale(least, greatest, false);
    }

    /** An axis with some room around the values, that does not pass 0 for the room's sake. Where there is no value, from 0 to 1. */
    static Scale around(double least, double greatest, boolean log) {
        if (!(least <= greatest)) {
            return log ? new Scale(0.1, 1, true) : new Scale(0, 1, false);
        }
        if (log) {
            double factor = least == greatest ? 2 : Math.pow(greatest / least, MARGIN);
            return new Scale(Math.max(least / factor, Double.MIN_NORMAL), greatest * factor, true);
        }
        double margin = least == greatest ? room(least) : (greatest - least) * MARGIN;
        double low = least >= 0 && least - margin < 0 ? 0 : least - margin;
        double high = greatest <= 0 && greatest + margin > 0 ? 0 : greatest + margin;
        return new Scale(low, Math.max(high, low + margin), false);
    }

    /** What to leave on both sides of a single value. */
    private static double room(double value) {
        return value == 0 ? 1 : Math.abs(value) * 0.1;
    }

    /** Whether a value can stand on the axis. */
    boolean holds(double value) {
        return Double.isFinite(value) && (!log || value > 0);
    }

    /** Where a value lies: 0 at the low end, 1 at the high one. */
    double share(double value) {
        return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    }

    /** Round marks inside the axis, at most {@code most}. */
    List<Mark> marks(int most) {
        if (log && high / low > 4) {
            List<Mark> factors = factors(most);
            if (factors.size() > 1) {
                return factors;
            }
        }
        double step = step((high - low) / most);
        List<Mark> marks = new ArrayList<>();
        double greatest = Math.max(Math.abs(low), Math.abs(high));
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
            marks.add(new Mark(i * step, Numerals.mark(i * step, step, greatest)));
        }
        return marks;
    }

    /** The smallest of 1, 2 and 5 times a power of ten that is not below {@code least}. */
    private static double step(double least) {
        double ten = Math.pow(10, Math.floor(Math.log10(least)));
        for (double round : ROUND) {
            if (round * ten >= least * (1 - 1e-9)) {
                return round * ten;
            }
        }
        return 10 * ten;
    }

    /** Powers of ten, every so many of them; with 2 and 5 times where that is few. */
    private List<Mark> factors(int most) {
        int first = (int) Math.ceil(Math.log10(low) - 1e-9);
        int last = (int) Math.floor(Math.log10(high) + 1e-9);
        boolean between = 3 * (last - first + 1) <= most;
        int every = Math.max(1, (last - first + most) / most);
        List<Mark> marks = new ArrayList<>();
        for (int exponent = between ? first - 1 : first; exponent <= last; exponent += between ? 1 : every) {
            for (double round : between ? ROUND : new double[] {1}) {
                double value = round * Math.pow(10, exponent);
                if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) {
                    marks.add(new Mark(value, Numerals.plain(value)));
                }
            }
        }
        return marks;
    }
}
