package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.kinema.graph.Philox;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * That all of semantic roles' scores take time and memory in proportion to the items, 15 a clip, of three references each. With
 * {@code -Dtest=RoleScoringScaleTest -Dkinema.test.clips=66667} there are a million: {@code benchmarks/results/million-items.txt} has what
 * a million took where it was measured.
 */
class RoleScoringScaleTest {
    private static final int CLIPS = Integer.getInteger("kinema.test.clips", 2_000);
    private static final int TIMES = 8;
    private static final int EVENTS = 5;
    private static final List<String> ROLES = List.of("Arg0 (doer)", "Arg1 (thing)", "Scene of the Event");
    private static final int VERBS = 1500;

    /** Thread's own seconds, and bytes that were allocated, garbage too. */
    private record Cost(int items, double seconds, double bytes) {
    }

    @Test
    void costGrowsWithTheItems() {
        cost(CLIPS / TIMES / 2);
        Cost few = cost(CLIPS / TIMES);
        Cost many = cost(CLIPS);
        // as in CiderScaleTest: a cost that grew with the square would be 64 times as much
        assertTrue(many.seconds < 3 * TIMES * few.seconds, () -> "8 times the items: " + few + " and " + many);
        // fewer items have more verbs than fit them, and so tables of their own for each
        assertTrue(many.bytes < 1.25 * TIMES * few.bytes, () -> "8 times the items: " + few + " and " + many);
    }

    private static Cost cost(int count) {
        List<SemanticRoles.Clip> clips = clips(count);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        long allocated = threads.getCurrentThreadAllocatedBytes();
        SemanticRoles.Scores scores = SemanticRoles.of(clips);
        Cost cost = new Cost(count * EVENTS * ROLES.size(), (threads.getCurrentThreadCpuTime() - start) / 1e9,
            threads.getCurrentThreadAllocatedBytes() - allocated);
        assertTrue(scores.cider() > 0.5 && scores.cider() < 10 && scores.lea() > 0 && scores.lea() < 1, scores::toString);
        return cost;
    }

    /** Texts of {@link RandomTexts}; a few verbs are frequent, as in films. */
    private static List<SemanticRoles.Clip> clips(int count) {
        List<Captions.Item> items = RandomTexts.manyItems(count * EVENTS * ROLES.size(), 5);
        Philox random = new Philox(6, 0, 0);
        List<SemanticRoles.Clip> clips = new ArrayList<>(count);
        for (int clip = 0; clip < count; clip++) {
            List<List<SemanticRoles.Frame>> gold = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            Map<Integer, Map<String, String>> predicted = new LinkedHashMap<>();
            for (int event = 0; event < EVENTS; event++) {
                int place = clip * EVENTS + event;
                double u = random.uniform(place);
                String verb = "verb" + (int) (u * u * VERBS) + ".01";
                List<Captions.Item> texts = items.subList(place * ROLES.size(), (place + 1) * ROLES.size());
                for (int annotator = 0; annotator < gold.size(); annotator++) {
                    gold.get(annotator).add(new SemanticRoles.Frame(verb, arguments(texts, annotator)));
                }
                Map<String, String> said = new LinkedHashMap<>();
                for (int role = 0; role < ROLES.size(); role++) {
                    said.put(RoleNames.code(ROLES.get(role)), texts.get(role).candidate());
                }
                predicted.put(event + 1, said);
            }
            clips.add(new SemanticRoles.Clip("clip " + clip, gold, predicted));
        }
        return clips;
    }

    private static Map<String, String> arguments(List<Captions.Item> texts, int annotator) {
        Map<String, String> arguments = new LinkedHashMap<>();
        for (int role = 0; role < ROLES.size(); role++) {
            arguments.put(ROLES.get(role), texts.get(role).references().get(annotator));
        }
        return arguments;
    }
}
