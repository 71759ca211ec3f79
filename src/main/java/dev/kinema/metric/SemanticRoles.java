package dev.kinema.metric;

import dev.kinema.KinemaException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;

/**
 * How well the roles of events are put into words, as VidSitu's evaluation counts it. Of each clip, event and role of the first annotator,
 * if it is one of {@link RoleNames#SCORED}, the predicted text is one item, with the texts of all annotators for it as references. A role
 * that was not predicted is the empty text; predicted roles that annotators do not have, and the predicted verb, do not count.
 *
 * <p>CIDEr, ROUGE-L and BLEU are of all items; CIDEr-verb and CIDEr-arg of the items within a verb and within a role, averaged over verbs
 * and roles. For {@link Lea} a clip is a document and a role of an event a mention; an entity is the mentions with the very same text, of
 * one annotator as key and of the prediction as response. A role that was not predicted is no mention, but an empty text is one. Each
 * annotator is a fold: its F1 over all clips, and the mean of the folds. LEA-soft takes an item's CIDEr as its mention's score; a role that
 * the first annotator lacks is no item and has 0 there, where the toolkit stops.
 */
public final class SemanticRoles {
    static final int FIRST_EVENT = 1;

    private SemanticRoles() {
    }

    /**
     * What one annotator says of one event.
     *
     * @param verb the verb's sense, such as walk.01
     * @param arguments full name of each role, such as "Arg0 (walker)", and its text
     */
    public record Frame(String verb, Map<String, String> arguments) {
        /** Copies the arguments, in their order. */
        public Frame {
            Objects.requireNonNull(verb, "verb");
            arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
        }

        /** The texts of the scored roles by the roles' codes; of two roles with the same code the later. */
        Map<String, String> scored() {
            Map<String, String> texts = new LinkedHashMap<>();
            arguments.forEach((name, text) -> {
                String code = RoleNames.code(name);
                if (RoleNames.SCORED.contains(code)) {
                    texts.put(code, text);
                }
            });
            return texts;
        }
    }

    /**
     * A clip with its annotations and its prediction.
     *
     * @param id its name, for messages
     * @param gold by annotator, in the order of the folds ({@link AnnotatorOrder}), the frame of each event; each has all
     *     scored roles that the first has of an event
     * @param predicted by the event's number, from 1, the text of each role by the role's code; without event 1 LEA leaves the clip out
     */
    public record Clip(String id, List<List<Frame>> gold, Map<Integer, Map<String, String>> predicted) {
        /** Checks that there are annotators, and that they have as many events. */
        public Clip {
            gold = gold.stream().map(List::copyOf).toList();
            if (gold.isEmpty()) {
                throw new KinemaException("clip " + id + " has no annotation: leave it out, or give one");
            }
            int events = gold.get(0).size();
            if (gold.stream().anyMatch(frames -> frames.size() != events)) {
                throw new KinemaException("clip " + id + " has annotations of different numbers of events: give all annotators the same");
            }
            Map<Integer, Map<String, String>> copy = new LinkedHashMap<>();
            predicted.forEach((event, roles) -> copy.put(event, Collections.unmodifiableMap(new LinkedHashMap<>(roles))));
            for (int event : copy.keySet()) {
                if (event < FIRST_EVENT || event > events) {
                    throw new KinemaException("clip " + id + " has a prediction for Ev" + event + ", but " + events
                        + " events: predict these");
                }
            }
            predicted = Collections.unmodifiableMap(copy);
        }

        Map<String, String> predictedOf(int event) {
            return predicted.getOrDefault(event, Map.of());
        }
    }

    /**
     * What came out. CIDEr is 0 to 10, ROUGE-L, BLEU and LEA 0 to 1; LEA-soft goes beyond 1.
     *
     * @param cider CIDEr-D over all items
     * @param ciderVerb mean over verbs
     * @param ciderArg mean over roles that occur
     * @param ciderRoles CIDEr-D of each role that occurs, by its code
     * @param rougeL mean over items
     * @param bleu BLEU-1 to BLEU-4
     * @param lea mean over annotators
     * @param leaSoft mean over annotators
     */
    public record Scores(double cider, double ciderVerb, double ciderArg, Map<String, Double> ciderRoles, double rougeL,
                         List<Double> bleu, double lea, double leaSoft) {
    }

    /** Scores of clips that have as many annotators each. */
    public static Scores of(List<Clip> clips) {
        Captions.checkSome(clips);
        checkFolds(clips);
        RoleItems items = RoleItems.of(clips);
        if (items.texts().isEmpty()) {
            throw new KinemaException("no event of the " + clips.size() + " clips has a role that is scored: annotate some of "
                + RoleNames.SCORED);
        }
        Captions.Scores cider = Cider.of(Cider.Variant.D, items.texts());
        Cider.Macro verbs = Cider.macro(Cider.Variant.D, items.texts(), items.verbs());
        Cider.Macro roles = Cider.macro(Cider.Variant.D, items.texts(), items.roles());
        List<Double> bleu = DoubleStream.of(Bleu.of(items.texts())).boxed().toList();
        List<Map<String, Double>> scores = items.byMention(cider.items(), clips.size());
        double[] lea = lea(clips, scores);
        return new Scores(cider.mean(), verbs.mean(), roles.mean(), roles.groups(), RougeL.of(items.texts()).mean(), bleu, lea[0], lea[1]);
    }

    /** LEA and LEA-soft, mean over folds. */
    private static double[] lea(List<Clip> clips, List<Map<String, Double>> scores) {
        int folds = clips.get(0).gold().size();
        double[] means = new double[2];
        for (int fold = 0; fold < folds; fold++) {
            List<Lea.Document> documents = new ArrayList<>();
            List<Map<String, Double>> mentions = new ArrayList<>();
            for (int i = 0; i < clips.size(); i++) {
                if (clips.get(i).predicted().containsKey(FIRST_EVENT)) {
                    Lea.Document document = entities(clips.get(i), fold);
                    Map<String, Double> known = new HashMap<>(scores.get(i));
                    document.response().forEach(entity -> entity.forEach(mention -> known.putIfAbsent(mention, 0.0)));
                    documents.add(document);
                    mentions.add(known);
                }
            }
            means[0] += Lea.of(documents).f1() / folds;
            means[1] += Lea.soft(documents, mentions).f1() / folds;
        }
        return means;
    }

    /** What a prediction would be that says what an annotator says: for {@link Clip#predicted}. */
    public static Map<Integer, Map<String, String>> asPrediction(List<Frame> frames) {
        Map<Integer, Map<String, String>> predicted = new LinkedHashMap<>();
        for (int i = 0; i < frames.size(); i++) {
            predicted.put(FIRST_EVENT + i, frames.get(i).scored());
        }
        return predicted;
    }

    private static void checkFolds(List<Clip> clips) {
        Clip first = clips.get(0);
        for (Clip clip : clips) {
            if (clip.gold().size() != first.gold().size()) {
                throw new KinemaException("clip " + clip.id() + " has " + clip.gold().size() + " annotations and clip " + first.id() + " "
                    + first.gold().size() + ": give all clips the same number");
            }
        }
    }

    /** The entities of a clip as an annotator sees them, and as the prediction has them for the annotator's roles. */
    private static Lea.Document entities(Clip clip, int fold) {
        Map<String, List<String>> key = new LinkedHashMap<>();
        Map<String, List<String>> response = new LinkedHashMap<>();
        for (int i = 0; i < clip.gold().get(fold).size(); i++) {
            int event = FIRST_EVENT + i;
            Map<String, String> predicted = clip.predictedOf(event);
            clip.gold().get(fold).get(i).scored().forEach((role, text) -> {
                String mention = RoleItems.mention(event, role);
                key.computeIfAbsent(text, first -> new ArrayList<>()).add(mention);
                if (predicted.containsKey(role)) {
                    response.computeIfAbsent(predicted.get(role), first -> new ArrayList<>()).add(mention);
                }
            });
        }
        return new Lea.Document(List.copyOf(key.values()), List.copyOf(response.values()));
    }
}
