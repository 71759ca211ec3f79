package dev.kinema.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Time from 0 to the end of a film, with round marks.
 *
 * @param seconds length of the film
 */
record TimeAxis(double seconds) {
    private static final double[] STEPS = {0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200};
    private static final int MOST_MARKS = 9;
    /** Up to this length times are written in seconds, after it in minutes and hours. */
    private static final double SHORT_SECONDS = 180;

    /** Times of the marks: multiples of a round step, the first is 0. */
    List<Double> marks() {
        double step = STEPS[STEPS.length - 1];
        for (int i = STEPS.length - 1; i >= 0 && seconds / STEPS[i] < MOST_MARKS; i--) {
            step = STEPS[i];
        }
        List<Double> marks = new ArrayList<>();
        for (int i = 0; i * step <= seconds * (1 + 1e-9); i++) {
            marks.add(i * step);
        }
        return marks;
    }

    /** A mark's label. */
    String label(double time) {
        if (seconds > SHORT_SECONDS) {
            return clock(Math.round(time));
        }
        return time == Math.rint(time) ? String.format(Locale.ROOT, "%.0f", time) : String.format(Locale.ROOT, "%.1f", time);
    }

    /** What the labels count. */
    String unit() {
        return seconds >= 3600 ? "hours:minutes:seconds" : seconds > SHORT_SECONDS ? "minutes:seconds" : "seconds";
    }

    /** A time in the text, to a tenth of a second in short films. */
    String time(double time) {
        return seconds > SHORT_SECONDS ? clock(Math.round(time)) : String.format(Locale.ROOT, "%.1f s", time);
    }

    private static String clock(long seconds) {
        long hours = seconds / 3600;
        return hours > 0 ? String.format(Locale.ROOT, "%d:%02d:%02d", hours, seconds / 60 % 60, seconds % 60)
            : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }

    /** Where a time lies, in percent of the axis. */
    String percent(double time) {
        return String.format(Locale.ROOT, "%.4f%%", 100 * time / seconds);
    }
}
