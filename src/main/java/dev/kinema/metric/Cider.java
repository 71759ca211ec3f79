package dev.kinema.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Consensus of a text with its references (Vedantam, Zitnick and Parikh, "CIDEr: Consensus-based Image Description Evaluation", CVPR 2015),
 * as the COCO caption evaluation computes it: without stemming, and with how rare an n-gram is taken from the references of the call.
 *
 * <p>With N items, df(g) the items that have n-gram g in a reference, and w_x(g) = count_x(g) (ln N - ln max(1, df(g))):
 * <pre>
 * sim_n(c, r) = sum_g min(w_c(g), w_r(g)) w_r(g) / (|w_c| |w_r|) exp(-(l(c) - l(r))^2 / (2 6^2))    0 where a length |w| is 0
 * score(c)    = 10 mean_r mean_n sim_n(c, r), n = 1..4
 * </pre>
 * l counts word <em>pairs</em>, one less than the words. So a score lies in 0..10 and a perfect text of L words gets 10 min(L, 4) / 4 at
 * most, a single item gets 0, and what all items' references say counts nothing.
 *
 * <p>Texts are gone through twice and only counted n-grams are kept: time and memory grow linearly with the texts.
 */
public final class Cider {
    private static final double SCALE = 10;
    private static final double SIGMA = 6;

    private final Variant variant;
    private final NGrams grams = new NGrams();
    /** By n-gram number: in how many items' references it stands, and one more than the last such item. */
    private int[] frequency = new int[0];
    private int[] lastItem = new int[0];
    private double logItems;

    private Cider(Variant variant) {
        this.variant = variant;
    }

    /** The two forms of the score. */
    public enum Variant {
        /** What reports call CIDEr: repeated n-grams are clipped and a difference in length costs. */
        D,
        /** The first definition: w_c(g) in place of the smaller weight, and no factor for the length. */
        PLAIN
    }

    /**
     * Scores within groups.
     *
     * @param mean plain mean of the groups, however many items each has
     * @param groups mean score of each group's items, scored as if they were all there is; in order of first mention
     */
    public record Macro(double mean, Map<String, Double> groups) {
    }

    /** The score of each item and their mean, 0 to 10. */
    public static Captions.Scores of(Variant variant, List<Captions.Item> items) {
        Captions.checkSome(items);
        Cider cider = new Cider(variant);
        int item = 0;
        for (Captions.Item each : items) {
            item++;
            for (String reference : each.references()) {
                cider.note(item, cider.grams.count(reference));
            }
        }
        cider.logItems = Math.log(item);
        double[] scores = new double[item];
        int place = 0;
        for (Captions.Item each : items) {
            scores[place++] = cider.score(each);
        }
        return Captions.Scores.of(scores);
    }

    /**
     * The mean over groups of the score within each, N and df being those of the group. A group of one item has the score 0 and counts.
     *
     * @param groups [n] each item's group
     */
    public static Macro macro(Variant variant, List<Captions.Item> items, List<String> groups) {
        Captions.checkSome(items);
        if (groups.size() != items.size()) {
            throw new IllegalArgumentException(items.size() + " items and " + groups.size() + " groups: give one for each");
        }
        Map<String, List<Captions.Item>> parts = new LinkedHashMap<>();
        for (int i = 0; i < items.size(); i++) {
            parts.computeIfAbsent(groups.get(i), group -> new ArrayList<>()).add(items.get(i));
        }
        Map<String, Double> scores = new LinkedHashMap<>();
        double sum = 0;
        for (Map.Entry<String, List<Captions.Item>> part : parts.entrySet()) {
            double mean = of(variant, part.getValue()).mean();
            scores.put(part.getKey(), mean);
            sum += mean;
        }
        return new Macro(sum / scores.size(), Collections.unmodifiableMap(scores));
    }

    private void note(int item, NGrams.Counted reference) {
        if (grams.count() > frequency.length) {
            int more = Math.max(grams.count(), frequency.length + (frequency.length >> 1));
            frequency = Arrays.copyOf(frequency, more);
            lastItem = Arrays.copyOf(lastItem, more);
        }
        for (NGramBag bag : reference.bags()) {
            for (int gram : bag.grams()) {
                if (lastItem[gram] != item) {
                    lastItem[gram] = item;
                    frequency[gram]++;
                }
            }
        }
    }

    private double score(Captions.Item item) {
        NGrams.Counted candidate = grams.count(item.candidate());
        double[] lengths = new double[NGrams.LONGEST];
        for (int n = 0; n < lengths.length; n++) {
            lengths[n] = length(candidate.bags()[n]);
        }
        double sum = 0;
        for (String text : item.references()) {
            NGrams.Counted reference = grams.count(text);
            double same = 0;
            for (int n = 0; n < lengths.length; n++) {
                double length = lengths[n] == 0 ? 0 : lengths[n] * length(reference.bags()[n]);
                same += length == 0 ? 0 : product(candidate.bags()[n], reference.bags()[n]) / length;
            }
            sum += same / NGrams.LONGEST * lengthFactor(candidate.words(), reference.words());
        }
        return SCALE * sum / item.references().size();
    }

    private double lengthFactor(int candidateWords, int referenceWords) {
        double difference = Math.max(0, candidateWords - 1) - Math.max(0, referenceWords - 1);
        return variant == Variant.PLAIN ? 1 : Math.exp(-difference * difference / (2 * SIGMA * SIGMA));
    }

    private double length(NGramBag bag) {
        double sum = 0;
        for (int i = 0; i < bag.grams().length; i++) {
            double weight = bag.counts()[i] * rarity(bag.grams()[i]);
            sum += weight * weight;
        }
        return Math.sqrt(sum);
    }

    private double product(NGramBag candidate, NGramBag reference) {
        double sum = 0;
        for (int i = 0; i < reference.grams().length; i++) {
            int said = candidate.count(reference.grams()[i]);
            if (said > 0) {
                int wanted = reference.counts()[i];
                double rarity = rarity(reference.grams()[i]);
                sum += (variant == Variant.PLAIN ? said : Math.min(said, wanted)) * rarity * wanted * rarity;
            }
        }
        return sum;
    }

    private double rarity(int gram) {
        // one that no reference has is numbered after the others, or counted 0 times
        return logItems - (gram < frequency.length ? Math.log(Math.max(1, frequency[gram])) : 0);
    }
}
