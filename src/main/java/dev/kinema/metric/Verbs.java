package dev.kinema.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How well the verbs of events are predicted, as VidSitu's evaluation counts it. Verbs are compared as strings, so a verb that a model has
 * no output for is one that it cannot hit.
 *
 * <p>Accuracy at k is the share of events with any of the first k verbs among the votes: one vote is enough. Recall looks at the verbs with
 * two votes or more for an event: each is found or not among the first five. It is averaged within a verb, then over the verbs that more
 * than so many events ask for.
 */
public final class Verbs {
    /** Verbs looked at for each event. */
    public static final int DEPTH = 5;
    /** Votes looked at for each event. */
    public static final int VOTES = 10;
    /** Reports give the recall of verbs that more than this many events ask for; it is also the largest threshold. */
    public static final int REPORTED_THRESHOLD = 9;

    private Verbs() {
    }

    /**
     * One event.
     *
     * @param votes the annotators' verbs, one at least; those after the tenth do not count
     * @param predicted verbs by falling probability; those after the fifth do not count
     */
    public record Event(List<String> votes, List<String> predicted) {
        /** Checks that there is a vote. */
        public Event {
            votes = votes.stream().limit(VOTES).toList();
            predicted = predicted.stream().limit(DEPTH).toList();
            if (votes.isEmpty()) {
                throw new IllegalArgumentException("an event has no vote: give one at least");
            }
        }
    }

    /**
     * What came out, all in 0 to 1.
     *
     * @param accuracies [5] of events, for the first 1..5 verbs
     * @param clipAccuracies [5] of clips: those of which all events are hit
     * @param recalls [10] of verbs that more than 0..9 events ask for; 0 where there is none
     * @param recalledVerbs [10] how many verbs each recall is the mean of
     */
    public record Scores(List<Double> accuracies, List<Double> clipAccuracies, List<Double> recalls, List<Integer> recalledVerbs) {
        /** Acc@k, k in 1..5. */
        public double accuracy(int k) {
            return accuracies.get(k - 1);
        }

        /** Share of clips with a hit among the first k verbs of every event. */
        public double clipAccuracy(int k) {
            return clipAccuracies.get(k - 1);
        }

        /** Recall@5 as reports give it: over verbs that ten events or more ask for. */
        public double recall() {
            return recalls.get(REPORTED_THRESHOLD);
        }
    }

    /** Scores of clips, each a list of its events. */
    public static Scores of(List<List<Event>> clips) {
        Captions.checkSome(clips);
        int[] hits = new int[DEPTH];
        int[] clipHits = new int[DEPTH];
        int events = 0;
        Map<String, int[]> verbs = new LinkedHashMap<>();
        for (List<Event> clip : clips) {
            events += clip.size();
            int deepest = 0;
            for (Event event : clip) {
                int rank = firstHit(event);
                deepest = Math.max(deepest, rank);
                for (int k = rank; k < DEPTH; k++) {
                    hits[k]++;
                }
                countRecall(event, verbs);
            }
            for (int k = deepest; k < DEPTH; k++) {
                clipHits[k]++;
            }
        }
        return scores(shares(hits, events), shares(clipHits, clips.size()), verbs);
    }

    /** The {@code k} verbs of largest score, falling; of equal ones the first. */
    public static List<String> top(double[] scores, List<String> vocabulary, int k) {
        if (scores.length != vocabulary.size() || k > scores.length) {
            throw new IllegalArgumentException(k + " verbs of " + vocabulary.size() + " with " + scores.length
                + " scores: give a score for each verb, and ask for no more");
        }
        // the sort is stable, so equal ones keep their order
        return IntStream.range(0, scores.length).boxed().sorted((a, b) -> Double.compare(scores[b], scores[a])).limit(k)
            .map(vocabulary::get).toList();
    }

    /** Place of the first predicted verb that has a vote, {@link #DEPTH} for none. */
    private static int firstHit(Event event) {
        for (int k = 0; k < event.predicted().size(); k++) {
            if (event.votes().contains(event.predicted().get(k))) {
                return k;
            }
        }
        return DEPTH;
    }

    private static void countRecall(Event event, Map<String, int[]> verbs) {
        Set<String> seen = new LinkedHashSet<>();
        Set<String> agreed = new LinkedHashSet<>();
        for (String vote : event.votes()) {
            if (!seen.add(vote)) {
                agreed.add(vote);
            }
        }
        for (String verb : agreed) {
            int[] count = verbs.computeIfAbsent(verb, first -> new int[2]);
            count[0] += event.predicted().contains(verb) ? 1 : 0;
            count[1]++;
        }
    }

    private static Scores scores(List<Double> accuracies, List<Double> clipAccuracies, Map<String, int[]> verbs) {
        List<Double> recalls = new ArrayList<>();
        List<Integer> recalledVerbs = new ArrayList<>();
        for (int threshold = 0; threshold <= REPORTED_THRESHOLD; threshold++) {
            double sum = 0;
            int kept = 0;
            for (int[] count : verbs.values()) {
                if (count[1] > threshold) {
                    sum += (double) count[0] / count[1];
                    kept++;
                }
            }
            recalls.add(kept == 0 ? 0 : sum / kept);
            recalledVerbs.add(kept);
        }
        return new Scores(accuracies, clipAccuracies, List.copyOf(recalls), List.copyOf(recalledVerbs));
    }

    private static List<Double> shares(int[] hits, int of) {
        return Arrays.stream(hits).mapToObj(hit -> of == 0 ? 0.0 : (double) hit / of).toList();
    }
}
