package dev.kinema.report;

import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a page knows of a logged number by its name. */
record Metric(String name) {
    /** Parts of names whose values are the better the higher. */
    private static final List<String> RISING = List.of("acc", "top", "knn", "recall", "auc");

    /** Loss first, then the learning rate, then what tells how good it is, then the rest as it comes. */
    static List<Metric> of(List<RunReport.Run> runs) {
        Set<String> names = new LinkedHashSet<>();
        runs.forEach(run -> run.series().forEach(series -> names.add(series.name())));
        return names.stream().map(Metric::new).sorted(Comparator.comparingInt(Metric::rank)).toList();
    }

    private int rank() {
        if (isLoss()) {
            return plain().equals("loss") ? 0 : 1;
        }
        if (isRate()) {
            return 2;
        }
        return rises() ? 3 : 4;
    }

    private String plain() {
        return name.toLowerCase(Locale.ROOT);
    }

    /** A learning rate is set, not measured: it has no noise to smooth. */
    boolean isRate() {
        return plain().equals("lr") || plain().contains("learning");
    }

    boolean isLoss() {
        return plain().contains("loss");
    }

    private boolean rises() {
        return RISING.stream().anyMatch(plain()::contains);
    }

    /** The best value and where, of curves of which one end is the better; else empty. */
    String best(Extremes of) {
        if (of.shown() == 0 || !isLoss() && !rises()) {
            return "";
        }
        return isLoss() ? at(of.least(), of.leastAt()) : at(of.greatest(), of.greatestAt());
    }

    private static String at(double value, double step) {
        return Numerals.plain(value) + " at step " + Numerals.plain(step);
    }
}
