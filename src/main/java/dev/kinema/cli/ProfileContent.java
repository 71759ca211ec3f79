package dev.kinema.cli;

import dev.kinema.device.Fusion;
import dev.kinema.device.Profile;
import dev.kinema.device.Profile.Cost;
import dev.kinema.device.ProgramStep;
import dev.kinema.report.ProfileReport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a page shows of a profile. */
final class ProfileContent {
    private ProfileContent() {
    }

    static ProfileReport of(String title, Map<String, String> facts, Profile profile, String product) {
        List<ProfileReport.Step> steps = new ArrayList<>();
        for (int i = 0; i < profile.steps().size(); i++) {
            ProgramStep step = profile.steps().get(i);
            String operation = step.node().op().opName();
            steps.add(new ProfileReport.Step("%" + step.node().id() + " " + operation, operation, step.kernel(), step.node().scope(),
                step.reorder(), profile.seconds(i)));
        }
        List<ProfileReport.Stretch> stretches = profile.stretches().stream()
            .map(s -> new ProfileReport.Stretch(s.scope(), s.depth(), s.first(), s.last())).toList();
        List<ProfileReport.Node> nodes = profile.entries().stream().map(ProfileContent::node).toList();
        return new ProfileReport(title, profile.rest(), steps, stretches, nodes, sums(profile.byOperation()), sums(profile.byScope()),
            List.of(), facts(facts, profile, product));
    }

    private static ProfileReport.Node node(Profile.Entry e) {
        return new ProfileReport.Node(e.name(), e.node().op().opName(), Fusion.members(e.node().op()),
            e.outputs(), e.steps().stream().map(ProgramStep::kernel).distinct().toList(), e.node().scope(), work(e.cost()));
    }

    private static List<ProfileReport.Sum> sums(List<Profile.Sum> sums) {
        return sums.stream().map(s -> new ProfileReport.Sum(s.name(), s.depth(), s.nodes(), work(s.cost()))).toList();
    }

    private static ProfileReport.Work work(Cost cost) {
        return new ProfileReport.Work(cost.seconds(), cost.flopsPerSecond(), cost.bytes(), cost.bytesPerSecond(), cost.rooflineShare(),
            cost.reorders(), cost.reorderSeconds());
    }

    private static Map<String, String> facts(Map<String, String> given, Profile profile, String product) {
        Map<String, String> facts = new LinkedHashMap<>(given);
        double[] runs = profile.runs().stream().mapToDouble(r -> (r.ended() - r.begun()) / 1e6).sorted().toArray();
        facts.put("Runs", String.format(Locale.ROOT, "%d after two unmeasured ones; whole runs took %.2f to %.2f ms, median %.2f ms",
            runs.length, runs[0], runs[runs.length - 1], 1e3 * profile.median()));
        facts.put("Times", "of each step the median over the runs; of a run the sum of these, and what runs took beyond their steps");
        facts.put("Work", String.format(Locale.ROOT, "%.3f GFLOP a run, a multiply-add counted as two; bytes are those of each "
            + "operation's inputs and outputs, each once, as they are stored", profile.total().flops() / 1e9));
        facts.put("Roofline", String.format(Locale.ROOT, "%.1f GFLOP/s of %s and %.1f GB/s of a copy, measured in the same "
            + "process. A share is the least time that these allow, of the time taken; what lies in a cache may go beyond 100%%",
            profile.roofline().flopsPerSecond() / 1e9, product, profile.roofline().bytesPerSecond() / 1e9));
        return facts;
    }
}
