package dev.kinema.task;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Beam search over several texts at once, each in {@code beam} rows (Sutskever et al., arXiv:1409.3215, section 3.2): a step keeps the
 * best continuations of all of a text's hypotheses, and one that ends leaves the beam, which is then one narrower. The text is done when
 * none is left, or at the greatest length. Equal scores go to the lower row, then to the lower token.
 *
 * <p>fairseq's generator keeps its beam wide and stops at the first {@code beam} ends, however unlikely they are, which costs a decoder
 * that is sure of a long text that text; with a beam of one, which is what VidSitu's toolkit uses, both are greedy decoding.
 */
final class BeamSearch {
    private final DecodingConfig config;
    private final int pad;
    private final int eos;
    private final Hypotheses[] texts;
    private final int[] tokens;
    private final int[] parents;

    /** @param prompts one per text, or null where rows stand idle; {@link TextDecoding} has checked them */
    BeamSearch(DecodingConfig config, int pad, int eos, List<int[]> prompts) {
        this.config = config;
        this.pad = pad;
        this.eos = eos;
        this.texts = new Hypotheses[prompts.size()];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = prompts.get(i) == null ? null : new Hypotheses(prompts.get(i), i * config.beam());
        }
        this.tokens = new int[prompts.size() * config.beam()];
        this.parents = new int[tokens.length];
    }

    /** The best hypothesis of each text, null where rows stood idle. */
    List<DecodedText> run(NextProbabilities decoder) {
        for (int r = 0; r < parents.length; r++) {
            parents[r] = r;
            Hypotheses text = texts[r / config.beam()];
            tokens[r] = config.start() == DecodingConfig.Start.EOS || text == null ? eos : text.prompt[0];
        }
        int known = config.start() == DecodingConfig.Start.EOS ? 0 : 1;
        for (int position = 0; Arrays.stream(texts).anyMatch(t -> t != null && !t.done); position++) {
            HostArray probabilities = decoder.read(position, tokens, parents);
            for (Hypotheses text : texts) {
                if (text != null && !text.done) {
                    text.goOn(probabilities, known);
                }
            }
            known++;
        }
        return Arrays.stream(texts).map(t -> t == null ? null : t.best()).toList();
    }

    /** A continuation: {@code sum} is the log-probability with {@code token} after what row {@code row} holds. */
    private record Candidate(int row, int token, double sum) {}

    /** The best continuations found so far, best first. */
    private static final class Ranking {
        private final Candidate[] best;
        private int size;

        Ranking(int capacity) {
            best = new Candidate[capacity];
        }

        boolean takes(double sum) {
            return size < best.length || sum > best[size - 1].sum;
        }

        /** Puts a candidate behind those of the same score. */
        void add(Candidate candidate) {
            int i = Math.min(size, best.length - 1);
            for (; i > 0 && candidate.sum > best[i - 1].sum; i--) {
                best[i] = best[i - 1];
            }
            best[i] = candidate;
            size = Math.min(size + 1, best.length);
        }
    }

    /** The hypotheses of one text, in rows {@code first} to {@code first + beam}. */
    private final class Hypotheses {
        private final int[] prompt;
        private final int first;
        private final List<DecodedText> finished = new ArrayList<>();
        /** What each row wrote after the prompt, and its log-probability; one row until the prompt is read, since all are alike. */
        private List<int[]> written = List.of(new int[0]);
        private double[] sums = {0};
        private boolean done;

        Hypotheses(int[] prompt, int first) {
            this.prompt = prompt;
            this.first = first;
        }

        /** Chooses the token after {@code known} ones. */
        void goOn(HostArray probabilities, int known) {
            if (known < prompt.length) {
                for (int r = first; r < first + config.beam(); r++) {
                    tokens[r] = prompt[known];
                    parents[r] = r;
                }
            } else if (known == config.maxTokens()) {
                for (int row = 0; row < written.size(); row++) {
                    finish(new Candidate(row, eos, sums[row] + log(probabilities, row, eos)), false);
                }
                done = true;
            } else {
                branch(rank(probabilities, known >= config.minTokens()));
            }
        }

        private Ranking rank(HostArray probabilities, boolean mayEnd) {
            int vocabulary = probabilities.shape().last();
            Ranking ranking = new Ranking(config.beam() - finished.size());
            for (int row = 0; row < written.size(); row++) {
                // the least probability of this row that would still be ranked, so that logarithms are taken of few tokens
                double least = -1;
                for (int token = 0; token < vocabulary; token++) {
                    double p = probabilities.get((first + row) * vocabulary + token);
                    if (Double.isNaN(p)) {
                        throw new KinemaException("the decoder computes probabilities that are not numbers: check its weights, and the"
                            + " features that it reads");
                    }
                    if (p <= least || token == pad || token == eos && !mayEnd) {
                        continue;
                    }
                    double sum = sums[row] + log(p);
                    if (ranking.takes(sum)) {
                        ranking.add(new Candidate(row, token, sum));
                    } else {
                        least = p;
                    }
                }
            }
            return ranking;
        }

        private void branch(Ranking ranking) {
            List<int[]> next = new ArrayList<>();
            double[] nextSums = new double[ranking.size];
            for (int i = 0; i < ranking.size; i++) {
                Candidate c = ranking.best[i];
                if (c.token == eos) {
                    finish(c, true);
                    continue;
                }
                int row = first + next.size();
                tokens[row] = c.token;
                parents[row] = first + c.row;
                nextSums[next.size()] = c.sum;
                int[] longer = Arrays.copyOf(written.get(c.row), written.get(c.row).length + 1);
                longer[longer.length - 1] = c.token;
                next.add(longer);
            }
            written = next;
            sums = nextSums;
            done = next.isEmpty();
        }

        private void finish(Candidate c, boolean ended) {
            int[] after = written.get(c.row);
            List<Integer> text = new ArrayList<>();
            Arrays.stream(prompt).forEach(text::add);
            Arrays.stream(after).forEach(text::add);
            finished.add(new DecodedText(text, c.sum / Math.pow(after.length + 1, config.lengthPenalty()), ended));
        }

        private double log(HostArray probabilities, int row, int token) {
            return log(probabilities.get((first + row) * probabilities.shape().last() + token));
        }

        /** A probability too small for float32 counts as its smallest number, so that scores stay finite. */
        private static double log(double p) {
            return Math.log(Math.max(p, Float.MIN_VALUE));
        }

        DecodedText best() {
            DecodedText best = finished.get(0);
            for (DecodedText text : finished) {
                best = text.score() > best.score() ? text : best;
            }
            return best;
        }
    }
}
