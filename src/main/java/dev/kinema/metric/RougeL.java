package dev.kinema.metric;

import java.util.List;

/**
 * ROUGE-L of texts (Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004), as the COCO caption evaluation computes it. With
 * m_j the length of the longest common subsequence of the candidate's tokens with reference j's:
 * <pre>
 * P = max_j m_j / |c|,  R = max_j m_j / |r_j|,  F = (1 + b^2) P R / (R + b^2 P),  b = 1.2;  0 where P or R is 0
 * </pre>
 * P and R may come from different references. Tokens lie between single spaces, and empty ones count: two spaces have one between them, and
 * the empty text is one empty token, the same as another empty text.
 */
public final class RougeL {
    private static final double BETA_SQUARED = 1.2 * 1.2;

    private RougeL() {
    }

    /** The score of each item and their mean, 0 to 1. */
    public static Captions.Scores of(List<Captions.Item> items) {
        Captions.checkSome(items);
        double[] scores = new double[items.size()];
        int place = 0;
        for (Captions.Item item : items) {
            scores[place++] = score(item);
        }
        return Captions.Scores.of(scores);
    }

    private static double score(Captions.Item item) {
        String[] candidate = item.candidate().split(" ", -1);
        double precision = 0;
        double recall = 0;
        for (String text : item.references()) {
            String[] reference = text.split(" ", -1);
            double common = commonSubsequence(candidate, reference);
            precision = Math.max(precision, common / candidate.length);
            recall = Math.max(recall, common / reference.length);
        }
        return precision == 0 ? 0 : (1 + BETA_SQUARED) * precision * recall / (recall + BETA_SQUARED * precision);
    }

    /** Length of the longest common subsequence, by the usual table, of which one row is kept. */
    private static int commonSubsequence(String[] a, String[] b) {
        int[] row = new int[b.length + 1];
        for (String token : a) {
            int diagonal = 0;
            for (int j = 0; j < b.length; j++) {
                int above = row[j + 1];
                row[j + 1] = token.equals(b[j]) ? diagonal + 1 : Math.max(above, row[j]);
                diagonal = above;
            }
        }
        return row[b.length];
    }
}
