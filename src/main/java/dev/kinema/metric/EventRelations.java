package dev.kinema.metric;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How often event relations are told as most annotators tell them, as VidSitu's evaluation counts it. A pair of events counts if at least
 * two of its first three votes agree; each annotator who voted so is one sample, scored with the prediction made from that annotator's
 * input. So a pair that all three agree on weighs 3 and one of two votes 2.
 */
public final class EventRelations {
    private static final int VOTES = 3;
    private static final int MAJORITY = 2;

    private EventRelations() {
    }

    /**
     * One pair of events.
     *
     * @param votes the label by each annotator, in the order of the file; those after the third do not count
     * @param predictions for each vote the label predicted from that annotator's input
     */
    public record Pair(List<String> votes, List<String> predictions) {
        /** Checks that each vote has a prediction. */
        public Pair {
            if (votes.size() > predictions.size()) {
                throw new IllegalArgumentException(votes.size() + " votes and " + predictions.size() + " predictions: give one for each");
            }
            votes = votes.stream().limit(VOTES).toList();
            predictions = predictions.stream().limit(votes.size()).toList();
        }
    }

    /**
     * What came out.
     *
     * @param top1 right samples of all, 0 where there is none
     * @param mean plain mean of {@code labels}
     * @param samples how many votes were scored
     * @param labels for each label that the majority gave, in order of first mention, the right ones of its samples
     */
    public record Scores(double top1, double mean, int samples, Map<String, Double> labels) {
    }

    /** Scores of pairs of events, in 0 to 1. */
    public static Scores of(List<Pair> pairs) {
        Map<String, int[]> counts = new LinkedHashMap<>();
        for (Pair pair : pairs) {
            for (int i = 0; i < pair.votes().size(); i++) {
                String label = pair.votes().get(i);
                if (Collections.frequency(pair.votes(), label) >= MAJORITY) {
                    int[] count = counts.computeIfAbsent(label, first -> new int[2]);
                    count[0] += pair.predictions().get(i).equals(label) ? 1 : 0;
                    count[1]++;
                }
            }
        }
        Map<String, Double> labels = new LinkedHashMap<>();
        int right = 0;
        int samples = 0;
        double sum = 0;
        for (Map.Entry<String, int[]> entry : counts.entrySet()) {
            int[] count = entry.getValue();
            right += count[0];
            samples += count[1];
            double share = (double) count[0] / count[1];
            sum += share;
            labels.put(entry.getKey(), share);
        }
        return new Scores(samples == 0 ? 0 : (double) right / samples, samples == 0 ? 0 : sum / labels.size(), samples,
            Collections.unmodifiableMap(labels));
    }
}
