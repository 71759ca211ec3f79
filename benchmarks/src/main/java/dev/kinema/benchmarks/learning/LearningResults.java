package dev.kinema.benchmarks.learning;

import dev.kinema.config.ConfigReader;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.video.EventGrammar;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Runs the demo's pretraining with several seeds and writes what was learned. Usage, from the root of the checkout:
 * {@code LearningResults [--seeds 1,2,3] [--config FILE] [--work NEW-FOLDER] [--result FILE]}.
 */
public final class LearningResults {
    private LearningResults() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> given = Arrays.asList(args);
        long[] seeds = Arrays.stream(option(given, "--seeds", "1,2,3").split(",")).mapToLong(Long::parseLong).toArray();
        PretrainConfig config = ConfigReader.read(Path.of(option(given, "--config", "configs/pretrain/demo.yaml")), PretrainConfig.class);
        Path work = Path.of(option(given, "--work", "target/learning"));
        if (Files.exists(work)) {
            throw new IllegalArgumentException(work + " is there already: remove it, or name another folder with --work");
        }
        String commit = commit();
        List<LearningResult.Seed> results = new ArrayList<>();
        for (long seed : seeds) {
            results.add(new LearningTrial(seed, work.resolve("seed-" + seed), config).run());
            LearningResult result = new LearningResult(commit, machine(), films(), ceiling(LearningTrial.grammar(seed)), results);
            result.write(Path.of(option(given, "--result", "benchmarks/results/pretraining-learning.json")));
            System.out.println(result.table());
        }
    }

    private static String option(List<String> given, String name, String otherwise) {
        int at = given.indexOf(name);
        return at < 0 ? otherwise : given.get(at + 1);
    }

    private static String films() {
        return String.format(Locale.ROOT, "%d films of one event (%d held out), %d of %d events (%d held out), 8 classes, all made anew for "
            + "each seed", LearningTrial.SINGLES, LearningTrial.SINGLES_HELD_OUT, LearningTrial.SEQUENCES, LearningTrial.EVENTS,
            LearningTrial.SEQUENCES_HELD_OUT);
    }

    /** Sum over both neighbours of the largest joint probability with a class between them; all classes are equally frequent. */
    private static double ceiling(EventGrammar grammar) {
        double sum = 0;
        for (int before = 0; before < grammar.classes(); before++) {
            for (int after = 0; after < grammar.classes(); after++) {
                double most = 0;
                for (int hidden = 0; hidden < grammar.classes(); hidden++) {
                    most = Math.max(most, grammar.probability(before, hidden) * grammar.probability(hidden, after));
                }
                sum += most / grammar.classes();
            }
        }
        return sum;
    }

    private static LearningResult.Machine machine() throws IOException {
        Path cpuinfo = Path.of("/proc/cpuinfo");
        String cpu = System.getProperty("os.arch");
        if (Files.isReadable(cpuinfo)) {
            cpu = Files.readString(cpuinfo).lines().filter(line -> line.startsWith("model name")).findFirst()
                .map(line -> line.replaceFirst("[^:]*:\\s*", "")).orElse(cpu);
        }
        return new LearningResult.Machine(cpu, Runtime.getRuntime().availableProcessors(), System.getProperty("os.name") + " "
            + System.getProperty("os.version"), System.getProperty("java.version"), Instant.now().toString());
    }

    /** As git tells it, with "-dirty" where files differ; "unknown" without git. */
    private static String commit() throws InterruptedException {
        try {
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String answer = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return git.waitFor() == 0 ? answer : "unknown";
        } catch (IOException e) {
            return "unknown";
        }
    }
}
