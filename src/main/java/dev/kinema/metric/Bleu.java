package dev.kinema.metric;

import java.util.List;

/**
 * BLEU-1 to BLEU-4 of all texts together (Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002),
 * as the COCO caption evaluation computes it. With guess_n the n-grams of all candidates, correct_n those that a reference has, each
 * counted no oftener than it stands in one reference, and rho the words of all candidates to those of their references of the closest
 * length (of two as close the shorter):
 * <pre>
 * BLEU-n = (prod_k (correct_k + 1e-15) / (guess_k + 1e-9))^(1/n) min(1, exp(1 - 1/rho)),   k = 1..n
 * </pre>
 */
public final class Bleu {
    private static final double TINY = 1e-15;
    private static final double SMALL = 1e-9;

    private final NGrams grams = new NGrams();
    private final long[] correct = new long[NGrams.LONGEST];
    private final long[] guess = new long[NGrams.LONGEST];
    private long words;
    private long wanted;

    private Bleu() {
    }

    /** BLEU-1, -2, -3 and -4 of the items, each 0 to 1. */
    public static double[] of(List<Captions.Item> items) {
        Captions.checkSome(items);
        Bleu bleu = new Bleu();
        items.forEach(bleu::add);
        double[] scores = new double[NGrams.LONGEST];
        double product = 1;
        double ratio = (bleu.words + TINY) / (bleu.wanted + SMALL);
        for (int n = 0; n < scores.length; n++) {
            product *= (bleu.correct[n] + TINY) / (bleu.guess[n] + SMALL);
            scores[n] = Math.pow(product, 1.0 / (n + 1)) * (ratio < 1 ? Math.exp(1 - 1 / ratio) : 1);
        }
        return scores;
    }

    private void add(Captions.Item item) {
        NGrams.Counted candidate = grams.count(item.candidate());
        List<NGrams.Counted> references = item.references().stream().map(grams::count).toList();
        words += candidate.words();
        wanted += closest(candidate.words(), references);
        for (int n = 0; n < NGrams.LONGEST; n++) {
            NGramBag bag = candidate.bags()[n];
            guess[n] += Math.max(0, candidate.words() - n);
            for (int i = 0; i < bag.grams().length; i++) {
                int most = 0;
                for (NGrams.Counted reference : references) {
                    most = Math.max(most, reference.bags()[n].count(bag.grams()[i]));
                }
                correct[n] += Math.min(most, bag.counts()[i]);
            }
        }
    }

    private static int closest(int length, List<NGrams.Counted> references) {
        int closest = references.get(0).words();
        for (NGrams.Counted reference : references) {
            int nearer = Math.abs(closest - length) - Math.abs(reference.words() - length);
            if (nearer > 0 || nearer == 0 && reference.words() < closest) {
                closest = reference.words();
            }
        }
        return closest;
    }
}
