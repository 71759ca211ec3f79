package dev.kinema.bench;

import dev.kinema.graph.Philox;
import dev.kinema.metric.Captions;
import dev.kinema.metric.Cider;
import dev.kinema.metric.NearestNeighbours;
import dev.kinema.metric.RougeL;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Function;

/**
 * A metric over made-up predictions that are right, whose score is known.
 *
 * @param score the metric, ready to be computed, for so many items
 * @param expected what it is to give
 */
record MetricCase(String name, int fewest, int usual, Function<Integer, DoubleSupplier> score, double expected) implements Case {
    private static final String SUITE = "metrics";
    private static final int WORDS = 8;
    private static final int VOCABULARY = 5000;
    private static final int CLASSES = 10;
    private static final int WIDTH = 256;
    /** Rounding of sums over items. */
    private static final double BOUND = 1e-9;

    static List<Case> all() {
        return List.of(
            // one reference that is said word by word scores 10, which is 1 of n-grams of each length
            new MetricCase("cider", 20, 5000, n -> score(Cider.Variant.D, captions(n)), 10),
            new MetricCase("rouge-l", 20, 5000, n -> rouge(captions(n)), 1),
            new MetricCase("nearest-neighbours", 50, 2000, MetricCase::neighbours, 1));
    }

    @Override
    public String suite() {
        return SUITE;
    }

    @Override
    public boolean usesDevice() {
        return false;
    }

    private static DoubleSupplier score(Cider.Variant variant, List<Captions.Item> items) {
        return () -> Cider.of(variant, items).mean();
    }

    private static DoubleSupplier rouge(List<Captions.Item> items) {
        return () -> RougeL.of(items).mean();
    }

    /** Texts of words drawn by lot, each item's one reference being its candidate. */
    private static List<Captions.Item> captions(int count) {
        Philox random = Philox.named(1, "captions");
        List<Captions.Item> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            for (int w = 0; w < WORDS; w++) {
                text.append(w == 0 ? "" : " ").append("w").append(Integer.remainderUnsigned(random.bits((long) i * WORDS + w), VOCABULARY));
            }
            items.add(new Captions.Item(text.toString(), List.of(text.toString())));
        }
        return items;
    }

    /** Features around a direction for each class. */
    private static DoubleSupplier neighbours(int count) {
        Philox random = Philox.named(1, "features");
        float[][] features = new float[count][WIDTH];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = i % CLASSES;
            for (int d = 0; d < WIDTH; d++) {
                features[i][d] = (float) (0.1 * random.normal((long) i * WIDTH + d)) + (d == labels[i] ? 10 : 0);
            }
        }
        NearestNeighbours vote = new NearestNeighbours(Math.min(20, count / CLASSES), 0.07);
        return () -> vote.accuracyLeavingOneOut(features, labels);
    }

    @Override
    public Workload open(Setting setting) {
        DoubleSupplier metric = score.apply(setting.smallest() ? fewest : usual);
        double error = Distance.of(new double[] {metric.getAsDouble()}, new double[] {expected});
        return new Scoring(metric, Distance.within(BOUND, error, fullName()));
    }

    /** Computes it again and again. */
    private record Scoring(DoubleSupplier metric, double error) implements Workload {
        @Override
        public void run() {
            metric.getAsDouble();
        }

        @Override
        public void close() {}
    }
}
