package dev.kinema.metric;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How well people do by the scores that models are given: each annotator in turn stands for the prediction and is scored against the
 * others. The others are fewer than those that a model is scored against, so the numbers are a little low for a bar to reach.
 */
public final class HumanAgreement {
    private HumanAgreement() {
    }

    /**
     * Acc@1 of annotators' verbs, mean over annotators.
     *
     * @param votes the annotators' verbs for each event; two at least, and as many for each
     */
    public static double verbs(List<List<String>> votes) {
        int annotators = annotators(votes);
        double sum = 0;
        for (int held = 0; held < annotators; held++) {
            List<Verbs.Event> events = new ArrayList<>();
            for (List<String> event : votes) {
                events.add(new Verbs.Event(others(event, held), List.of(event.get(held))));
            }
            sum += Verbs.of(List.of(events)).accuracy(1);
        }
        return sum / annotators;
    }

    /**
     * Scores of annotators' relations, of all together: a pair counts where the two others agree.
     *
     * @param votes the labels for each pair of events, of three annotators
     */
    public static EventRelations.Scores relations(List<List<String>> votes) {
        int annotators = annotators(votes);
        List<EventRelations.Pair> pairs = new ArrayList<>();
        for (int held = 0; held < annotators; held++) {
            for (List<String> pair : votes) {
                pairs.add(new EventRelations.Pair(others(pair, held), Collections.nCopies(annotators - 1, pair.get(held))));
            }
        }
        return EventRelations.of(pairs);
    }

    /**
     * Scores of annotators' roles, mean over annotators.
     *
     * @param clips two annotators at least, and as many for each clip; what is predicted does not count
     */
    public static SemanticRoles.Scores roles(List<SemanticRoles.Clip> clips) {
        int annotators = annotators(clips.stream().map(SemanticRoles.Clip::gold).toList());
        List<SemanticRoles.Scores> scores = new ArrayList<>();
        for (int held = 0; held < annotators; held++) {
            List<SemanticRoles.Clip> rest = new ArrayList<>();
            for (SemanticRoles.Clip clip : clips) {
                rest.add(new SemanticRoles.Clip(clip.id(), others(clip.gold(), held), SemanticRoles.asPrediction(clip.gold().get(held))));
            }
            scores.add(SemanticRoles.of(rest));
        }
        Map<String, Double> roles = new LinkedHashMap<>();
        scores.get(0).ciderRoles().keySet().forEach(role -> roles.put(role, mean(scores, score -> score.ciderRoles().get(role))));
        List<Double> bleu = IntStream.range(0, NGrams.LONGEST).mapToObj(n -> mean(scores, score -> score.bleu().get(n))).toList();
        return new SemanticRoles.Scores(mean(scores, SemanticRoles.Scores::cider), mean(scores, SemanticRoles.Scores::ciderVerb),
            mean(scores, SemanticRoles.Scores::ciderArg), Collections.unmodifiableMap(roles), mean(scores, SemanticRoles.Scores::rougeL),
            bleu, mean(scores, SemanticRoles.Scores::lea), mean(scores, SemanticRoles.Scores::leaSoft));
    }

    private static double mean(List<SemanticRoles.Scores> scores, ToDoubleFunction<SemanticRoles.Scores> part) {
        return scores.stream().mapToDouble(part).sum() / scores.size();
    }

    private static <T> List<T> others(List<T> annotations, int held) {
        List<T> others = new ArrayList<>(annotations);
        others.remove(held);
        return others;
    }

    private static int annotators(List<? extends List<?>> annotations) {
        Captions.checkSome(annotations);
        int annotators = annotations.get(0).size();
        if (annotators < 2 || annotations.stream().anyMatch(each -> each.size() != annotators)) {
            throw new IllegalArgumentException("agreement needs two annotators or more, and as many of each: the first has " + annotators);
        }
        return annotators;
    }
}
