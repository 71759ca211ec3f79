package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.metric.Verbs;
import dev.kinema.task.vidsitu.Annotation;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Event;
import dev.kinema.task.vidsitu.Predictions;
import dev.kinema.task.vidsitu.Relation;
import dev.kinema.task.vidsitu.RelationPrediction;
import dev.kinema.task.vidsitu.Role;
import dev.kinema.task.vidsitu.RoleCode;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.VerbPrediction;
import dev.kinema.task.vidsitu.VerbVocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What can be said of clips without looking at them: whatever is most frequent among the training annotations. A model that looks must do
 * better. Of equally frequent texts the first by alphabet is taken, of relations the first of {@link Relation}.
 */
final class TrivialPredictions {
    private final List<String> verbs;
    private final Relation relation;
    /** By verb sense, the text of each of its roles; in the order in which train has the roles first. */
    private final Map<String, Map<RoleCode, String>> texts;
    private final Map<RoleCode, String> textsOfAnyVerb;

    private TrivialPredictions(List<String> verbs, Relation relation, Map<String, Map<RoleCode, String>> texts,
            Map<RoleCode, String> textsOfAnyVerb) {
        this.verbs = verbs;
        this.relation = relation;
        this.texts = texts;
        this.textsOfAnyVerb = textsOfAnyVerb;
    }

    /** How often something occurs. */
    private static final class Counts {
        private final Map<String, Integer> counts = new HashMap<>();

        void add(String text) {
            counts.merge(text, 1, Integer::sum);
        }

        String mostFrequent() {
            return counts.entrySet().stream().min(Map.Entry.<String, Integer>comparingByValue().reversed()
                .thenComparing(Map.Entry.comparingByKey(Comparator.naturalOrder()))).orElseThrow().getKey();
        }
    }

    /**
     * Counts.
     *
     * @param train clips with an annotation each
     * @throws KinemaException if there is none
     */
    static TrivialPredictions of(List<Situation> train) {
        List<Annotation> annotations = train.stream().map(situation -> situation.annotations().get(0)).toList();
        if (annotations.isEmpty()) {
            throw new KinemaException("there are no training clips to count in: leave fewer out");
        }
        Map<String, Map<RoleCode, Counts>> byVerb = new HashMap<>();
        Map<RoleCode, Counts> byCode = new EnumMap<>(RoleCode.class);
        int[] relations = new int[Relation.values().length];
        for (Event event : annotations.stream().flatMap(annotation -> annotation.events().stream()).toList()) {
            event.relation().ifPresent(relation -> relations[relation.ordinal()]++);
            Map<RoleCode, Counts> ofVerb = byVerb.computeIfAbsent(event.verbId(), verb -> new LinkedHashMap<>());
            for (Role role : event.roles()) {
                ofVerb.computeIfAbsent(role.code(), code -> new Counts()).add(role.text());
                byCode.computeIfAbsent(role.code(), code -> new Counts()).add(role.text());
            }
        }
        Map<String, Map<RoleCode, String>> texts = new HashMap<>();
        byVerb.forEach((verb, counts) -> texts.put(verb, mostFrequent(counts)));
        int most = 0;
        for (int i = 1; i < relations.length; i++) {
            most = relations[i] > relations[most] ? i : most;
        }
        return new TrivialPredictions(firstVerbs(annotations), Relation.values()[most], texts, mostFrequent(byCode));
    }

    private static Map<RoleCode, String> mostFrequent(Map<RoleCode, Counts> counts) {
        Map<RoleCode, String> texts = new LinkedHashMap<>();
        counts.forEach((code, count) -> texts.put(code, count.mostFrequent()));
        return texts;
    }

    /** Where train has fewer verbs, symbols that are none follow them. */
    private static List<String> firstVerbs(List<Annotation> annotations) {
        List<String> verbs = new ArrayList<>(VerbVocabulary.of(annotations).verbs());
        verbs.addAll(VerbVocabulary.SPECIALS);
        return List.copyOf(verbs.subList(0, Verbs.DEPTH));
    }

    /** The same five verbs for every event. */
    List<VerbPrediction> verbs(List<Situation> situations) {
        return situations.stream().map(situation ->
            new VerbPrediction(situation.index(), Collections.nCopies(Clip.EVENTS, verbs), List.of())).toList();
    }

    /** The same relation for every pair. */
    List<RelationPrediction> relations(List<Situation> situations) {
        return always(relation, situations);
    }

    private static List<RelationPrediction> always(Relation relation, List<Situation> situations) {
        List<List<String>> labels = Collections.nCopies(Relation.RELATED.size(),
            Collections.nCopies(RelationPrediction.VOTES, relation.label()));
        return situations.stream().map(situation -> new RelationPrediction(situation.index(), labels, List.of())).toList();
    }

    /**
     * For each role of an event the text that it has most often with the event's verb in train; of roles that the verb does not have there,
     * what the role has most often with any verb; of roles that train does not have, nothing. Where the roles are hidden, those that the
     * verb has in train.
     *
     * @param situations whose verbs are known: those of the first annotation
     * @throws KinemaException if a clip has no annotation
     */
    List<RolePrediction> roles(List<Situation> situations) {
        return situations.stream().map(situation -> {
            if (situation.annotations().isEmpty()) {
                throw new KinemaException("clip '" + situation.clip() + "' has no annotation, so its verbs are not known: predict roles of"
                    + " a split that has them");
            }
            return new RolePrediction(situation.index(), situation.annotations().get(0).events().stream().map(this::texts).toList());
        }).toList();
    }

    private RolePrediction.Texts texts(Event event) {
        Map<RoleCode, String> ofVerb = texts.getOrDefault(event.verbId(), Map.of());
        Map<String, String> filled = new LinkedHashMap<>();
        if (event.roles().isEmpty()) {
            ofVerb.forEach((code, text) -> filled.put(code.code(), text));
        }
        for (Role role : event.roles()) {
            String text = ofVerb.getOrDefault(role.code(), textsOfAnyVerb.get(role.code()));
            if (text != null) {
                filled.put(role.code().code(), text);
            }
        }
        return new RolePrediction.Texts(Optional.of(event.verbId()), filled);
    }

    /**
     * The chance line of relations: the mean accuracy, 0 to 1, of the same answer everywhere. 0.25 where all four relations occur,
     * whichever the answer is, and so what a network that never trains has.
     *
     * @param situations that {@code scoring} is of
     */
    static double relationChance(Scoring scoring, List<Situation> situations) {
        return Arrays.stream(Relation.values())
            .mapToDouble(relation -> scoring.relations(Predictions.ofRelations(always(relation, situations))).get(Scores.MEAN_ACC))
            .max().orElseThrow();
    }
}
