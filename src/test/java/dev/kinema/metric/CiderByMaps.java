package dev.kinema.metric;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** CIDEr as its formula is written, over maps of strings: slow, and to compare with. */
final class CiderByMaps {
    private CiderByMaps() {
    }

    static double[] of(List<Captions.Item> items, boolean d) {
        double[] scores = new double[items.size()];
        for (int n = 1; n <= 4; n++) {
            Map<String, Integer> frequency = new HashMap<>();
            for (Captions.Item item : items) {
                Set<String> said = new HashSet<>();
                for (String reference : item.references()) {
                    said.addAll(counts(reference, n).keySet());
                }
                said.forEach(gram -> frequency.merge(gram, 1, Integer::sum));
            }
            for (int i = 0; i < scores.length; i++) {
                Captions.Item item = items.get(i);
                Map<String, Double> c = weights(counts(item.candidate(), n), frequency, items.size());
                for (String reference : item.references()) {
                    Map<String, Double> r = weights(counts(reference, n), frequency, items.size());
                    double pairs = Math.max(0, Words.of(item.candidate()).size() - 1) - Math.max(0, Words.of(reference).size() - 1);
                    double factor = d ? Math.exp(-pairs * pairs / 72) : 1;
                    scores[i] += 10.0 / 4 / item.references().size() * cosine(c, r, d) * factor;
                }
            }
        }
        return scores;
    }

    private static double cosine(Map<String, Double> c, Map<String, Double> r, boolean d) {
        double sum = 0;
        for (String gram : r.keySet()) {
            double said = c.getOrDefault(gram, 0.0);
            sum += (d ? Math.min(said, r.get(gram)) : said) * r.get(gram);
        }
        double lengths = length(c) * length(r);
        return lengths == 0 ? 0 : sum / lengths;
    }

    private static double length(Map<String, Double> weights) {
        return Math.sqrt(weights.values().stream().mapToDouble(weight -> weight * weight).sum());
    }

    private static Map<String, Double> weights(Map<String, Integer> counts, Map<String, Integer> frequency, int items) {
        Map<String, Double> weights = new HashMap<>();
        counts.forEach((gram, count) ->
            weights.put(gram, count * (Math.log(items) - Math.log(Math.max(1, frequency.getOrDefault(gram, 0))))));
        return weights;
    }

    private static Map<String, Integer> counts(String text, int n) {
        List<String> words = Words.of(text);
        Map<String, Integer> counts = new HashMap<>();
        for (int i = 0; i + n <= words.size(); i++) {
            counts.merge(String.join(" ", words.subList(i, i + n)), 1, Integer::sum);
        }
        return counts;
    }
}
