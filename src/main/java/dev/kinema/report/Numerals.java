package dev.kinema.report;

import java.util.Locale;

/** Numbers as a reader wants them: few digits, thousands apart, a typographer's minus. */
final class Numerals {
    /** Digits behind the point that still read well; smaller numbers are written with a power of ten. */
    private static final int MOST_DIGITS = 5;

    private Numerals() {}

    /** A value with four digits that count; what is no number as "NaN" or infinity's sign. */
    static String plain(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "\u221e" : "\u2212\u221e";
        }
        double size = Math.abs(value);
        if (value == Math.rint(value) && size < 1e9) {
            return tidy(String.format(Locale.ROOT, "%,.0f", value));
        }
        if (size < 1e-3 || size >= 1e9) {
            return power(value, 3);
        }
        int digits = Math.max(0, 3 - (int) Math.floor(Math.log10(size)));
        return tidy(withoutZeros(String.format(Locale.ROOT, "%,." + digits + "f", value)));
    }

    /** A mark of an axis whose marks are {@code step} apart and reach to {@code greatest}: as many digits as tell neighbours apart. */
    static String mark(double value, double step, double greatest) {
        if (greatest < 1e9 && greatest >= 1e6 && step >= 1e4) {
            return tidy(withoutZeros(String.format(Locale.ROOT, "%.2f", value / 1e6))) + (value == 0 ? "" : "M");
        }
        if (greatest < 1e6 && greatest >= 1e4 && step >= 10) {
            return tidy(withoutZeros(String.format(Locale.ROOT, "%.2f", value / 1e3))) + (value == 0 ? "" : "k");
        }
        int digits = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
        if (digits > MOST_DIGITS || greatest >= 1e9) {
            return value == 0 ? "0" : power(value, 2);
        }
        return tidy(String.format(Locale.ROOT, "%." + digits + "f", value));
    }

    /** A share as percent: whole, or with one digit below 10. */
    static String percent(double share) {
        double value = 100 * share;
        boolean small = Math.abs(value) < 9.95 && Math.abs(value - Math.rint(value)) > 0.05;
        return tidy(String.format(Locale.ROOT, small ? "%.1f" : "%.0f", value)) + "%";
    }

    /** A coordinate of a drawing, with one digit: a tenth of its unit is finer than a screen. */
    static String coordinate(double value) {
        return withoutZeros(String.format(Locale.ROOT, "%.1f", value)).replaceFirst("^-0$", "0");
    }

    private static String power(double value, int digits) {
        String[] parts = String.format(Locale.ROOT, "%." + (digits - 1) + "e", value).split("e");
        return tidy(withoutZeros(parts[0])) + "e" + tidy(Integer.toString(Integer.parseInt(parts[1])));
    }

    private static String withoutZeros(String number) {
        return number.indexOf('.') < 0 ? number : number.replaceFirst("\\.?0+$", "");
    }

    private static String tidy(String number) {
        return number.replaceFirst("^-(?=[0.]*$)", "").replace('-', '\u2212');
    }
}
