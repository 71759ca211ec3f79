package dev.kinema.report;

/**
 * What is worth saying of a curve in words; values that are not finite do not count.
 *
 * @param shown number of finite values; with 0 of them the rest says nothing
 */
record Extremes(int shown, double first, double firstAt, double last, double lastAt, double least, double leastAt, double greatest,
    double greatestAt) {

    static Extremes of(double[] x, double[] y) {
        int shown = 0;
        int first = -1;
        int last = -1;
        int least = -1;
        int greatest = -1;
        for (int i = 0; i < y.length; i++) {
            if (Double.isFinite(y[i])) {
                shown++;
                first = first < 0 ? i : first;
                last = i;
                least = least < 0 || y[i] < y[least] ? i : least;
                greatest = greatest < 0 || y[i] > y[greatest] ? i : greatest;
            }
        }
        return shown == 0 ? new Extremes(0, 0, 0, 0, 0, 0, 0, 0, 0)
            : new Extremes(shown, y[first], x[first], y[last], x[last], y[least], x[least], y[greatest], x[greatest]);
    }
}
