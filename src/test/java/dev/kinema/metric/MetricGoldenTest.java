package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.kinema.golden.GoldenFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each case of the golden file, whose scores the reference evaluation agrees with; a kind of case that is not known here fails. */
class MetricGoldenTest {
    /** The file's own tolerance, absolute; its numbers are rounded to six digits. */
    private static final double TOLERANCE = 1e-6;
    private static final JsonObject FILE = GoldenFile.json("golden-metrics.json");

    static Stream<String> cases() {
        return FILE.getAsJsonArray("cases").asList().stream().map(each -> each.getAsJsonObject().get("id").getAsString());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agrees(String id) {
        JsonObject found = FILE.getAsJsonArray("cases").asList().stream().map(JsonElement::getAsJsonObject)
            .filter(each -> each.get("id").getAsString().equals(id)).findFirst().orElseThrow();
        same(id, found.get("expected"), computed(found.get("metric").getAsString(), found.getAsJsonObject("input")));
    }

    @Test
    void fileIsWhole() {
        assertEquals(FILE.get("count").getAsLong(), cases().distinct().count());
        assertEquals(28, cases().count(), "the file's cases when this was written");
        assertEquals(TOLERANCE, FILE.get("tolerance_abs").getAsDouble());
    }

    @Test
    void unknownKindsAndWrongNumbersFail() {
        assertThrows(AssertionError.class, () -> computed("meteor", new JsonObject()));
        assertThrows(AssertionError.class, () -> same("x", new JsonPrimitive(0.5), new JsonPrimitive(0.500002)));
        assertThrows(AssertionError.class, () -> same("x", json(Map.of("a", 1, "b", 2)), json(Map.of("a", 1))), "a score left out");
        assertThrows(AssertionError.class, () -> same("x", json(Map.of("a", 1)), json(Map.of())));
        assertThrows(AssertionError.class, () -> same("x", json(List.of("a")), json(List.of("b"))));
    }

    private static JsonElement computed(String metric, JsonObject in) {
        return switch (metric) {
            case "ciderD" -> captions(Cider.of(Cider.Variant.D, items(in)));
            case "cider_plain" -> captions(Cider.of(Cider.Variant.PLAIN, items(in)));
            case "ciderD_macro" -> {
                Cider.Macro macro = Cider.macro(Cider.Variant.D, items(in), strings(in.get("groups")));
                yield json(Map.of("mean", macro.mean(), "per_group", json(macro.groups())));
            }
            case "rougeL" -> captions(RougeL.of(items(in)));
            case "bleu" -> {
                double[] bleu = Bleu.of(items(in));
                yield json(Map.of("bleu_1", bleu[0], "bleu_2", bleu[1], "bleu_3", bleu[2], "bleu_4", bleu[3]));
            }
            case "lea" -> sums(Lea.of(documents(in)));
            case "lea_soft" -> sums(Lea.soft(documents(in), mentionScores(in)));
            case "verbs" -> verbs(in);
            case "evrel" -> relations(in);
            case "srl" -> roles(in);
            case "parse_generated" -> json(Map.of("parsed", json(GeneratedRoles.parse(in.get("text").getAsString()))));
            case "short_role" -> json(Map.of("codes", json(strings(in.get("names")).stream().map(RoleNames::code).toList())));
            case "numpy_permutation" -> {
                AnnotatorOrder order = new AnnotatorOrder(in.get("seed").getAsInt());
                yield json(Map.of("permutations", json(list(in.get("sizes"), size -> json(order.permutation(size.getAsInt()))))));
            }
            default -> throw new AssertionError("a kind of case that this test does not know: " + metric);
        };
    }

    private static List<Captions.Item> items(JsonObject in) {
        List<String> candidates = strings(in.get("candidates"));
        List<List<String>> references = list(in.get("references"), MetricGoldenTest::strings);
        assertEquals(candidates.size(), references.size());
        List<Captions.Item> items = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            items.add(new Captions.Item(candidates.get(i), references.get(i)));
        }
        return items;
    }

    private static JsonElement captions(Captions.Scores scores) {
        return json(Map.of("mean", scores.mean(), "per_item", json(scores.items())));
    }

    private static List<Lea.Document> documents(JsonObject in) {
        return list(in.get("documents"), document -> new Lea.Document(
            list(document.getAsJsonObject().get("key"), MetricGoldenTest::strings),
            list(document.getAsJsonObject().get("response"), MetricGoldenTest::strings)));
    }

    private static List<Map<String, Double>> mentionScores(JsonObject in) {
        return list(in.get("documents"), document -> {
            List<String> mentions = new ArrayList<>();
            list(document.getAsJsonObject().get("response"), MetricGoldenTest::strings).forEach(mentions::addAll);
            double[] scores = GoldenFile.numbers(document.getAsJsonObject().get("response_scores"));
            assertEquals(mentions.size(), scores.length);
            Map<String, Double> byMention = new LinkedHashMap<>();
            for (int i = 0; i < scores.length; i++) {
                byMention.put(mentions.get(i), scores[i]);
            }
            return byMention;
        });
    }

    private static JsonElement sums(Lea.Sums sums) {
        return json(Map.of("p_num", sums.precisionNumerator(), "p_den", sums.precisionDenominator(), "r_num", sums.recallNumerator(),
            "r_den", sums.recallDenominator(), "precision", sums.precision(), "recall", sums.recall(), "f1", sums.f1()));
    }

    private static JsonElement verbs(JsonObject in) {
        List<String> vocabulary = strings(in.get("vocab"));
        List<List<Verbs.Event>> clips = list(in.get("clips"), clip -> {
            assertEquals(Set.of("Ev1", "Ev2", "Ev3", "Ev4", "Ev5"), clip.getAsJsonObject().keySet());
            return clip.getAsJsonObject().asMap().values().stream().map(JsonElement::getAsJsonObject)
                .map(event -> new Verbs.Event(strings(event.get("gt")), Verbs.top(GoldenFile.numbers(event.get("scores")), vocabulary, 5)))
                .toList();
        });
        Verbs.Scores scores = Verbs.of(clips);
        Map<String, Object> all = new LinkedHashMap<>();
        for (int k = 1; k <= 5; k++) {
            all.put("acc@" + k, scores.accuracy(k));
        }
        all.put("clip_acc@1", scores.clipAccuracy(1));
        all.put("clip_acc@5", scores.clipAccuracy(5));
        for (int threshold : new int[] {0, 4, 9}) {
            all.put("recall@5_th" + threshold, scores.recalls().get(threshold));
            all.put("num_verbs_th" + threshold, scores.recalledVerbs().get(threshold));
        }
        return json(all);
    }

    private static JsonElement relations(JsonObject in) {
        EventRelations.Scores scores = EventRelations.of(list(in.get("items"), item -> new EventRelations.Pair(
            strings(item.getAsJsonObject().get("gt")), strings(item.getAsJsonObject().get("pred")))));
        return json(Map.of("top1", scores.top1(), "mean", scores.mean(), "count", scores.samples(), "per_class", json(scores.labels())));
    }

    private static JsonElement roles(JsonObject in) {
        SemanticRoles.Scores scores = SemanticRoles.of(list(in.get("clips"), clip -> {
            Map<Integer, Map<String, String>> predicted = new LinkedHashMap<>();
            clip.getAsJsonObject().getAsJsonObject("pred").asMap().forEach((event, said) ->
                predicted.put(Integer.parseInt(event.substring(2)), texts(said)));
            return new SemanticRoles.Clip("golden", list(clip.getAsJsonObject().get("gold"), MetricGoldenTest::frames), predicted);
        }));
        Map<String, Object> all = new LinkedHashMap<>(Map.of("cider", scores.cider(), "cider_verb", scores.ciderVerb(),
            "cider_arg", scores.ciderArg(), "rouge_l", scores.rougeL(), "lea", scores.lea(), "lea_soft", scores.leaSoft()));
        scores.ciderRoles().forEach((role, score) -> all.put("cider_" + role, score));
        return json(all);
    }

    private static List<SemanticRoles.Frame> frames(JsonElement annotator) {
        return Stream.of("Ev1", "Ev2", "Ev3", "Ev4", "Ev5").map(annotator.getAsJsonObject()::getAsJsonObject)
            .map(event -> new SemanticRoles.Frame(event.get("VerbID").getAsString(), texts(event.get("Args")))).toList();
    }

    private static Map<String, String> texts(JsonElement json) {
        Map<String, String> texts = new LinkedHashMap<>();
        json.getAsJsonObject().asMap().forEach((name, text) -> texts.put(name, text.getAsString()));
        return texts;
    }

    private static <T> List<T> list(JsonElement array, Function<JsonElement, T> each) {
        return array.getAsJsonArray().asList().stream().map(each).toList();
    }

    private static List<String> strings(JsonElement array) {
        return list(array, JsonElement::getAsString);
    }

    private static JsonElement json(Object value) {
        if (value instanceof Map<?, ?> map) {
            JsonObject object = new JsonObject();
            map.forEach((name, part) -> object.add((String) name, json(part)));
            return object;
        }
        JsonArray array = new JsonArray();
        if (value instanceof List<?> parts) {
            parts.forEach(part -> array.add(json(part)));
        } else if (value instanceof double[] numbers) {
            for (double number : numbers) {
                array.add(number);
            }
        } else if (value instanceof int[] numbers) {
            for (int number : numbers) {
                array.add(number);
            }
        } else if (value instanceof JsonElement element) {
            return element;
        } else {
            return value instanceof Number number ? new JsonPrimitive(number) : new JsonPrimitive((String) value);
        }
        return array;
    }

    private static void same(String where, JsonElement expected, JsonElement actual) {
        assertFalse(expected.isJsonNull(), where);
        if (expected.isJsonObject()) {
            assertEquals(new TreeSet<>(expected.getAsJsonObject().keySet()), new TreeSet<>(actual.getAsJsonObject().keySet()), where);
            expected.getAsJsonObject().asMap().forEach((name, part) -> same(where + " " + name, part, actual.getAsJsonObject().get(name)));
        } else if (expected.isJsonArray()) {
            assertEquals(expected.getAsJsonArray().size(), actual.getAsJsonArray().size(), where);
            for (int i = 0; i < expected.getAsJsonArray().size(); i++) {
                same(where + " " + i, expected.getAsJsonArray().get(i), actual.getAsJsonArray().get(i));
            }
        } else if (expected.getAsJsonPrimitive().isNumber()) {
            assertTrue(actual.getAsJsonPrimitive().isNumber(), where);
            assertEquals(expected.getAsDouble(), actual.getAsDouble(), TOLERANCE, where);
        } else {
            assertEquals(expected.getAsString(), actual.getAsString(), where);
        }
    }
}
