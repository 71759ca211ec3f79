package dev.kinema.metric;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * LEA, how well the entities of a response are those of a key (Moosavi and Strube, "Which Coreference Evaluation Metric Do You Trust? A
 * Proposal for a Link-based Entity Aware Metric", ACL 2016). An entity is the set of its mentions, and
 * <pre>
 * res(c)    = pairs of c that lie together in one entity of the other side / (|c| (|c| - 1) / 2)
 * recall    = sum_{c in key} |c| res(c) / sum_{c in key} |c|        precision = the same over the response
 * </pre>
 * An entity of one mention has res 1 if the other side has it as an entity of one too, or else 0. Sums go over all documents before they
 * are divided.
 *
 * <p>LEA-soft, of the VidSitu toolkit, also weighs how well each mention of the response was put into words, by a score s:
 * <pre>
 * precision = sum_{c in response} (sum_{m in c} s(m)) |c| res(c) / sum_{c in response} |c|^2
 * </pre>
 * which is above 1 where scores are.
 */
public final class Lea {
    private Lea() {
    }

    /** The entities of one document. A mention is in one entity of a side at most; no entity is empty. */
    public record Document(List<List<String>> key, List<List<String>> response) {
        /** Checks that entities are apart and not empty. */
        public Document {
            key = key.stream().map(List::copyOf).toList();
            response = response.stream().map(List::copyOf).toList();
            entities(key);
            entities(response);
        }
    }

    /** The four sums that precision, recall and F1 are made of; what has no denominator is 0. */
    public record Sums(double precisionNumerator, double precisionDenominator, double recallNumerator, double recallDenominator) {
        /** Share of the response that is in the key. */
        public double precision() {
            return precisionDenominator == 0 ? 0 : precisionNumerator / precisionDenominator;
        }

        /** Share of the key that is in the response. */
        public double recall() {
            return recallDenominator == 0 ? 0 : recallNumerator / recallDenominator;
        }

        /** Harmonic mean of precision and recall. */
        public double f1() {
            double sum = precision() + recall();
            return sum == 0 ? 0 : 2 * precision() * recall() / sum;
        }
    }

    /** LEA of documents, 0 to 1. */
    public static Sums of(List<Document> documents) {
        double[] sums = new double[4];
        for (Document document : documents) {
            addRecall(document, sums);
            Map<String, Integer> others = entities(document.key());
            for (List<String> entity : document.response()) {
                sums[0] += entity.size() * resolution(entity, others, document.key());
                sums[1] += entity.size();
            }
        }
        return new Sums(sums[0], sums[1], sums[2], sums[3]);
    }

    /**
     * LEA-soft of documents.
     *
     * @param scores for each document a score of each mention of its response
     */
    public static Sums soft(List<Document> documents, List<Map<String, Double>> scores) {
        if (scores.size() != documents.size()) {
            throw new IllegalArgumentException(documents.size() + " documents and scores of " + scores.size() + ": give some for each");
        }
        double[] sums = new double[4];
        for (int i = 0; i < scores.size(); i++) {
            Document document = documents.get(i);
            addRecall(document, sums);
            Map<String, Integer> others = entities(document.key());
            for (List<String> entity : document.response()) {
                double score = 0;
                for (String mention : entity) {
                    score += score(scores.get(i), mention);
                }
                sums[0] += score * entity.size() * resolution(entity, others, document.key());
                sums[1] += (double) entity.size() * entity.size();
            }
        }
        return new Sums(sums[0], sums[1], sums[2], sums[3]);
    }

    private static void addRecall(Document document, double[] sums) {
        Map<String, Integer> others = entities(document.response());
        for (List<String> entity : document.key()) {
            sums[2] += entity.size() * resolution(entity, others, document.response());
            sums[3] += entity.size();
        }
    }

    private static double score(Map<String, Double> scores, String mention) {
        Double score = scores.get(mention);
        if (score == null) {
            throw new IllegalArgumentException("the mention '" + mention + "' has no score: give one for each mention of a response");
        }
        return score;
    }

    private static double resolution(List<String> entity, Map<String, Integer> others, List<List<String>> otherSide) {
        if (entity.size() == 1) {
            Integer other = others.get(entity.get(0));
            return other != null && otherSide.get(other).size() == 1 ? 1 : 0;
        }
        Map<Integer, Integer> shared = new HashMap<>();
        long pairs = 0;
        for (String mention : entity) {
            Integer other = others.get(mention);
            if (other != null) {
                // this mention makes a pair with each that came before
                pairs += shared.merge(other, 1, Integer::sum) - 1;
            }
        }
        return pairs / (entity.size() * (entity.size() - 1) / 2.0);
    }

    /** The place of the entity that each mention is in. */
    private static Map<String, Integer> entities(List<List<String>> side) {
        Map<String, Integer> entities = new HashMap<>();
        for (int i = 0; i < side.size(); i++) {
            if (side.get(i).isEmpty()) {
                throw new IllegalArgumentException("entity " + i + " has no mention: leave it out");
            }
            for (String mention : side.get(i)) {
                if (entities.put(mention, i) != null) {
                    throw new IllegalArgumentException("the mention '" + mention + "' stands twice on one side: name mentions apart");
                }
            }
        }
        return entities;
    }
}
