package dev.kinema.report;

import java.util.function.DoublePredicate;

/**
 * A curve as the path of a drawing, in the units of {@link LineChart#WIDTH} and {@link LineChart#HEIGHT}, y down.
 *
 * <p>A curve of more points than a screen can show is thinned: of the points over one bucket of the x axis the first, the lowest, the
 * highest and the last are kept, so that the ink stays where it was (M4; Jugel et al., "M4: a visualization-oriented time series data
 * aggregation", 2014). A value that cannot be shown breaks the line.
 */
final class Polyline {
    private final double[] x;
    private final double[] y;
    private final Scale across;
    private final Scale up;
    private final StringBuilder path = new StringBuilder();
    private boolean broken = true;
    private int points;

    private Polyline(double[] x, double[] y, Scale across, Scale up) {
        this.x = x;
        this.y = y;
        this.across = across;
        this.up = up;
    }

    /** The path through points whose {@code x} does not fall; at most {@code 4 * buckets} of them. */
    static String path(double[] x, double[] y, Scale across, Scale up, int buckets) {
        Polyline line = new Polyline(x, y, across, up);
        if (x.length <= 4 * buckets) {
            for (int i = 0; i < x.length; i++) {
                line.add(i);
            }
        } else {
            line.addThinned(buckets);
        }
        line.endSegment();
        return line.path.toString();
    }

    /** Vertical lines where values cannot be shown, at most one a bucket. */
    static String missing(double[] x, double[] y, Scale across, DoublePredicate shown, int buckets) {
        StringBuilder path = new StringBuilder();
        int last = -1;
        for (int i = 0; i < x.length; i++) {
            int bucket = (int) Math.floor(across.share(x[i]) * buckets);
            if (!shown.test(y[i]) && bucket != last) {
                last = bucket;
                path.append('M').append(Numerals.coordinate(across.share(x[i]) * LineChart.WIDTH)).append(" 0V").append(LineChart.HEIGHT);
            }
        }
        return path.toString();
    }

    private void addThinned(int buckets) {
        int i = 0;
        while (i < x.length) {
            int bucket = bucket(i, buckets);
            int from = i;
            while (i < x.length && bucket(i, buckets) == bucket) {
                i++;
            }
            addBucket(from, i);
        }
    }

    private int bucket(int i, int buckets) {
        return Math.min(buckets - 1, (int) Math.floor(across.share(x[i]) * buckets));
    }

    private void addBucket(int from, int to) {
        int first = -1;
        int last = -1;
        int least = -1;
        int greatest = -1;
        for (int i = from; i < to; i++) {
            if (up.holds(y[i])) {
                first = first < 0 ? i : first;
                last = i;
                least = least < 0 || y[i] < y[least] ? i : least;
                greatest = greatest < 0 || y[i] > y[greatest] ? i : greatest;
            }
        }
        if (first < 0) {
            endSegment();
            return;
        }
        int previous = -1;
        for (int i : new int[] {first, Math.min(least, greatest), Math.max(least, greatest), last}) {
            if (i != previous) {
                add(i);
                previous = i;
            }
        }
    }

    private void add(int i) {
        if (!up.holds(y[i])) {
            endSegment();
            return;
        }
        path.append(broken ? 'M' : 'L').append(Numerals.coordinate(across.share(x[i]) * LineChart.WIDTH)).append(' ')
            .append(Numerals.coordinate((1 - up.share(y[i])) * LineChart.HEIGHT));
        points = broken ? 1 : points + 1;
        broken = false;
    }

    /** A point alone is drawn as a line of length 0, whose round ends make a dot. */
    private void endSegment() {
        if (points == 1) {
            path.append("h0");
        }
        points = 0;
        broken = true;
    }
}
