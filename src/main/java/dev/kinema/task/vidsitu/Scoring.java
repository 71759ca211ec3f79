package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import dev.kinema.metric.AnnotatorOrder;
import dev.kinema.metric.EventRelations;
import dev.kinema.metric.HumanAgreement;
import dev.kinema.metric.RoleNames;
import dev.kinema.metric.SemanticRoles;
import dev.kinema.metric.Verbs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Scores predictions of a split by what people said of its clips, as the leaderboards do: see {@link Verbs}, {@link SemanticRoles} and
 * {@link EventRelations}. Clips that are left out are as if the split had never had them: the annotators' order, too, counts on without.
 */
public final class Scoring {
    private final Split split;
    private final List<Situation> situations;

    /**
     * Scoring of some clips.
     *
     * @param split that they are of; train has one annotation each, and nothing can be scored by it
     * @param situations in the split's order
     * @throws KinemaException if there is none, or the split is train
     */
    public Scoring(Split split, List<Situation> situations) {
        if (split == Split.TRAIN) {
            throw new KinemaException("each clip of train has one annotation, and scores need several: score predictions of valid");
        }
        if (situations.isEmpty()) {
            throw new KinemaException("no clip of " + split.label() + " is left to score: leave fewer out");
        }
        this.split = split;
        this.situations = List.copyOf(situations);
    }

    /**
     * Scores of verbs.
     *
     * @throws KinemaException if a clip has no prediction, or no votes
     */
    public Scores verbs(Predictions<VerbPrediction> predictions) {
        requireAll(predictions);
        requireAnswers("votes", situation -> !situation.votes().isEmpty());
        List<List<Verbs.Event>> clips = new ArrayList<>();
        for (Situation situation : situations) {
            List<List<String>> verbs = predictions.of(situation.index()).orElseThrow().verbs();
            List<Verbs.Event> events = new ArrayList<>();
            for (int i = 0; i < Clip.EVENTS; i++) {
                events.add(new Verbs.Event(situation.votes().get(i), verbs.get(i)));
            }
            clips.add(events);
        }
        Verbs.Scores scores = Verbs.of(clips);
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("events", clips.size() * Clip.EVENTS);
        more.put("accuracy_top_1_to_5", scores.accuracies());
        more.put("clip_accuracy_top_1_to_5", scores.clipAccuracies());
        more.put("recall_more_than_0_to_9_events", scores.recalls());
        more.put("recalled_verbs_more_than_0_to_9_events", scores.recalledVerbs());
        return scores(Task.VERBS, List.of(new Scores.Column(Scores.ACC_1, scores.accuracy(1)),
            new Scores.Column(Scores.ACC_5, scores.accuracy(Verbs.DEPTH)), new Scores.Column(Scores.RECALL_5, scores.recall())), more);
    }

    /**
     * Scores of roles.
     *
     * @throws KinemaException if a clip has no prediction, or no roles, or annotators who fill other roles than the first
     */
    public Scores roles(Predictions<RolePrediction> predictions) {
        requireAll(predictions);
        return roles(SemanticRoles.of(clips(Optional.of(predictions))), items());
    }

    /**
     * Scores of relations.
     *
     * @throws KinemaException if a clip has no prediction, or no relations
     */
    public Scores relations(Predictions<RelationPrediction> predictions) {
        requireAll(predictions);
        List<List<String>> votes = relationVotes();
        List<EventRelations.Pair> pairs = new ArrayList<>();
        for (Situation situation : situations) {
            for (List<String> labels : predictions.of(situation.index()).orElseThrow().relations()) {
                pairs.add(new EventRelations.Pair(votes.get(pairs.size()), labels));
            }
        }
        return relations(EventRelations.of(pairs), pairs.size());
    }

    /**
     * Verbs of each annotator by the others' votes: Acc@1 alone, for nobody gave five. Where some events have fewer votes, the last ones of
     * the others are not used.
     *
     * @throws KinemaException if a clip has no votes
     */
    public Scores humanVerbs() {
        requireAnswers("votes", situation -> !situation.votes().isEmpty());
        List<List<String>> votes = situations.stream().flatMap(situation -> situation.votes().stream()).toList();
        int annotators = votes.stream().mapToInt(List::size).min().orElseThrow();
        double accuracy = HumanAgreement.verbs(votes.stream().map(event -> event.subList(0, annotators)).toList());
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("annotators", annotators);
        return scores(Task.VERBS, List.of(new Scores.Column(Scores.ACC_1, accuracy)), more);
    }

    /**
     * Roles of each annotator by the others'.
     *
     * @throws KinemaException if a clip has no roles, or annotators who fill other roles than the first
     */
    public Scores humanRoles() {
        return roles(HumanAgreement.roles(clips(Optional.empty())), items());
    }

    /**
     * Relations of each annotator by the others', where these agree.
     *
     * @throws KinemaException if a clip has no relations
     */
    public Scores humanRelations() {
        List<List<String>> votes = relationVotes();
        return relations(HumanAgreement.relations(votes), votes.size());
    }

    private Scores scores(Task task, List<Scores.Column> columns, Map<String, Object> more) {
        return new Scores(task, situations.size(), columns, more);
    }

    private Scores roles(SemanticRoles.Scores scores, int items) {
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("items", items);
        more.put("cider_by_role", scores.ciderRoles());
        more.put("bleu_1_to_4", scores.bleu());
        more.put("lea_soft", scores.leaSoft());
        return scores(Task.ROLES, List.of(new Scores.Column(Scores.CIDER, scores.cider()),
            new Scores.Column(Scores.CIDER_VERB, scores.ciderVerb()), new Scores.Column(Scores.CIDER_ARG, scores.ciderArg()),
            new Scores.Column(Scores.ROUGE_L, scores.rougeL()), new Scores.Column(Scores.LEA, scores.lea())), more);
    }

    private Scores relations(EventRelations.Scores scores, int pairs) {
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("pairs", pairs);
        more.put("samples", scores.samples());
        more.put("accuracy_by_relation", scores.labels());
        return scores(Task.RELATIONS, List.of(new Scores.Column(Scores.MEAN_ACC, scores.mean()),
            new Scores.Column(Scores.TOP1_ACC, scores.top1())), more);
    }

    private List<SemanticRoles.Clip> clips(Optional<Predictions<RolePrediction>> predictions) {
        requireAnswers("roles", situation -> !situation.annotations().isEmpty() && situation.annotations().stream()
            .allMatch(annotation -> annotation.events().stream().anyMatch(event -> !event.roles().isEmpty())));
        AnnotatorOrder order = new AnnotatorOrder();
        List<SemanticRoles.Clip> clips = new ArrayList<>();
        for (Situation situation : situations) {
            Map<Integer, Map<String, String>> predicted = new LinkedHashMap<>();
            if (predictions.isPresent()) {
                List<RolePrediction.Texts> events = predictions.get().of(situation.index()).orElseThrow().events();
                for (int i = 0; i < events.size(); i++) {
                    predicted.put(i + 1, events.get(i).roles());
                }
            }
            List<List<SemanticRoles.Frame>> gold = order.next(situation.annotations()).stream()
                .map(annotation -> annotation.events().stream().map(Scoring::frame).toList()).toList();
            clips.add(new SemanticRoles.Clip(situation.clip().id(), gold, predicted));
        }
        return clips;
    }

    private static SemanticRoles.Frame frame(Event event) {
        Map<String, String> texts = new LinkedHashMap<>();
        event.roles().forEach(role -> texts.put(role.name(), role.text()));
        return new SemanticRoles.Frame(event.verbId(), texts);
    }

    /** Texts that are scored: of the order's first annotators, but they all fill the same roles. */
    private int items() {
        return (int) situations.stream().flatMap(situation -> situation.annotations().get(0).events().stream())
            .flatMap(event -> event.roles().stream()).filter(role -> RoleNames.SCORED.contains(role.code().code())).count();
    }

    /** For each pair of events the labels by the annotators who count, in the order of the file. */
    private List<List<String>> relationVotes() {
        requireAnswers("relations", situation -> !situation.annotations().isEmpty() && situation.annotations().stream()
            .allMatch(annotation -> Relation.RELATED.stream().allMatch(event -> annotation.events().get(event).relation().isPresent())));
        List<List<String>> votes = new ArrayList<>();
        for (Situation situation : situations) {
            for (int event : Relation.RELATED) {
                votes.add(situation.annotations().stream().limit(RelationPrediction.VOTES)
                    .map(annotation -> annotation.events().get(event).relation().orElseThrow().label()).toList());
            }
        }
        return votes;
    }

    private void requireAll(Predictions<?> predictions) {
        List<Situation> missing = situations.stream().filter(each -> predictions.of(each.index()).isEmpty()).toList();
        if (!missing.isEmpty()) {
            Situation first = missing.get(0);
            throw new KinemaException(predictions.source() + ": has no prediction of clip '" + first.clip() + "' of " + split.label() + " ("
                + PredictionForm.INDEX + " " + first.index() + ")" + (missing.size() == 1 ? "" : ", nor of " + (missing.size() - 1)
                + " more") + ": predict all " + situations.size() + ", or leave clips out");
        }
    }

    private void requireAnswers(String what, Predicate<Situation> answered) {
        for (Situation situation : situations) {
            if (!answered.test(situation)) {
                throw new KinemaException("clip '" + situation.clip() + "' of " + split.label() + " has no " + what + " by people"
                    + (split.isAnswered() ? ": complete it, or leave the clip out" : ": the release hides those of test sets, so score "
                    + "predictions of valid, or send these to the leaderboard"));
            }
        }
    }
}
