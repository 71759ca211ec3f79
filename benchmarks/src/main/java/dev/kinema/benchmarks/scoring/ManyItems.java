package dev.kinema.benchmarks.scoring;

import dev.kinema.graph.Philox;
import dev.kinema.metric.SemanticRoles;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Scores the roles of more and more made-up clips, 15 texts each with three references, by all of VidSitu's metrics, and prints what that
 * took: numbers an item that grow with the items would show that it is not linear. A third of a text's words are of its item, the others of
 * a vocabulary of 20,000 in which few are frequent. Usage: {@code ManyItems [most clips]}.
 */
public final class ManyItems {
    private static final int EVENTS = 5;
    private static final int ANNOTATORS = 3;
    /** Full names, and codes. */
    private static final Map<String, String> ROLES = new LinkedHashMap<>();
    private static final int TEXTS = ANNOTATORS + 1;
    private static final int MOST_WORDS = 6;
    private static final double MEBI = 1 << 20;

    static {
        ROLES.put("Arg0 (doer)", "Arg0");
        ROLES.put("Arg1 (thing)", "Arg1");
        ROLES.put("Scene of the Event", "AScn");
    }

    private static final Philox RANDOM = new Philox(5, 0, 0);

    private ManyItems() {
    }

    public static void main(String[] args) {
        int most = args.length == 0 ? 66_667 : Integer.parseInt(args[0]);
        measure(most / 64);
        System.out.println("   items  CPU seconds  us an item  bytes allocated an item  input MiB  heap at most MiB  CIDEr   LEA");
        for (int clips = most / 8; clips <= most; clips = clips == most ? most + 1 : Math.min(2 * clips + 2, most)) {
            System.out.println(measure(clips));
        }
    }

    private static String measure(int count) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        List<SemanticRoles.Clip> clips = new ArrayList<>(count);
        for (int clip = 0; clip < count; clip++) {
            clips.add(clip(clip));
        }
        System.gc();
        double input = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MEBI;
        List<MemoryPoolMXBean> pools = ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP).toList();
        pools.forEach(MemoryPoolMXBean::resetPeakUsage);
        long cpu = threads.getCurrentThreadCpuTime();
        long allocated = threads.getCurrentThreadAllocatedBytes();
        SemanticRoles.Scores scores = SemanticRoles.of(clips);
        double seconds = (threads.getCurrentThreadCpuTime() - cpu) / 1e9;
        double bytes = threads.getCurrentThreadAllocatedBytes() - allocated;
        double peak = pools.stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum() / MEBI;
        int items = count * EVENTS * ROLES.size();
        return String.format(Locale.ROOT, "%8d %12.1f %11.1f %24.0f %10.0f %17.0f %6.3f %5.3f", items, seconds, seconds * 1e6 / items, bytes / items,
            input, peak, scores.cider(), scores.lea());
    }

    private static SemanticRoles.Clip clip(int number) {
        List<List<SemanticRoles.Frame>> gold = new ArrayList<>();
        for (int annotator = 0; annotator < ANNOTATORS; annotator++) {
            gold.add(new ArrayList<>());
        }
        Map<Integer, Map<String, String>> predicted = new LinkedHashMap<>();
        for (int event = 0; event < EVENTS; event++) {
            long place = (long) number * EVENTS + event;
            double u = RANDOM.uniform(place);
            String verb = "verb" + (int) (u * u * 1500) + ".01";
            for (int annotator = 0; annotator < ANNOTATORS; annotator++) {
                gold.get(annotator).add(new SemanticRoles.Frame(verb, texts(place, annotator, true)));
            }
            predicted.put(event + 1, texts(place, ANNOTATORS, false));
        }
        return new SemanticRoles.Clip("clip " + number, gold, predicted);
    }

    private static Map<String, String> texts(long event, int by, boolean named) {
        Map<String, String> texts = new LinkedHashMap<>();
        ROLES.forEach((name, code) -> texts.put(named ? name : code, text(event * ROLES.size() + texts.size(), by)));
        return texts;
    }

    /** A text about an item: words that it shares with the item's others, and words of its own. */
    private static String text(long item, int by) {
        long shared = (1L << 40) + item * (TEXTS + 1) * 2 * MOST_WORDS;
        long own = shared + (by + 1L) * 2 * MOST_WORDS;
        int words = 1 + (int) (RANDOM.uniform(own) * (MOST_WORDS - 1));
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= words; i++) {
            boolean same = RANDOM.uniform(own + 2L * i - 1) < 1 / 3.0;
            double u = RANDOM.uniform((same ? shared : own) + 2L * i);
            text.append(i == 1 ? "" : " ").append('w').append((int) (u * u * u * 20_000));
        }
        return text.toString();
    }
}
