package dev.kinema.device;

import dev.kinema.graph.Node;
import dev.kinema.graph.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Where the time of a program's runs goes. The time of a step is its median over the runs, and so is the time of a run that belongs to no
 * step ({@link #rest()}); {@link #seconds()} is their sum, so that shares of it add up to one. It differs a little from the median of whole
 * runs ({@link #median()}).
 */
public final class Profile {
    private final Roofline roofline;
    private final List<ProgramStep> steps;
    private final List<TimedRun> runs;
    private final double[] stepSeconds;
    private final double rest;
    private final List<Entry> entries;

    /** One run, by {@link System#nanoTime}. */
    public record TimedRun(long begun, long ended, StepClock clock) {
        long untimed() {
            long nanos = ended - begun;
            for (int i = 0; i < clock.steps(); i++) {
                nanos -= clock.nanos(i);
            }
            return nanos;
        }
    }

    /**
     * Time and work of some steps.
     *
     * @param seconds all of the time
     * @param leastSeconds what the {@link Roofline} allows for flops and bytes
     * @param flops arithmetic, a multiply-add counted as two
     * @param bytes that have to cross memory: of each operation's inputs and outputs, each once, in the form they are stored in
     * @param reorders how many steps only move data between layouts or types
     * @param reorderSeconds the time of those
     */
    public record Cost(double seconds, double leastSeconds, long flops, long bytes, int reorders, double reorderSeconds) {
        static final Cost NONE = new Cost(0, 0, 0, 0, 0, 0);

        Cost plus(Cost o) {
            return new Cost(seconds + o.seconds, leastSeconds + o.leastSeconds, flops + o.flops, bytes + o.bytes, reorders + o.reorders,
                reorderSeconds + o.reorderSeconds);
        }

        public double flopsPerSecond() {
            return seconds == 0 ? 0 : flops / seconds;
        }

        public double bytesPerSecond() {
            return seconds == 0 ? 0 : bytes / seconds;
        }

        /** How near the roofline this is: 1 is on it, and what works in a cache may be beyond. */
        public double rooflineShare() {
            return seconds == 0 ? 0 : leastSeconds / seconds;
        }
    }

    /** A node with its steps. */
    public record Entry(Node node, List<ProgramStep> steps, Cost cost) {
        /** Its number and operation, as {@link Program#describe()} gives them. */
        public String name() {
            return Profile.name(node);
        }

        /** What it computes, as the graph types it, such as {@code F32 [1, 512]}; how that is stored is the kernels' matter. */
        public String outputs() {
            return Profile.outputs(node);
        }
    }

    /** The nodes of a kind of operation or of a scope; {@code depth} counts the scopes around that scope. */
    public record Sum(String name, int depth, int nodes, Cost cost) {}

    /** Consecutive steps of one scope: {@code first} to {@code last}, both included. */
    public record Stretch(String scope, int depth, int first, int last) {}

    private Profile(List<ProgramStep> steps, Roofline roofline, List<TimedRun> runs) {
        this.steps = steps;
        this.roofline = roofline;
        this.runs = List.copyOf(runs);
        stepSeconds = new double[steps.size()];
        for (int i = 0; i < stepSeconds.length; i++) {
            int step = i;
            stepSeconds[i] = median(run -> run.clock().nanos(step));
        }
        rest = median(TimedRun::untimed);
        entries = sumUp();
    }

    /**
     * Runs a program, twice unmeasured and {@code runs} times measured. Its inputs are to be filled.
     *
     * @throws dev.kinema.KinemaException if the device does not time the steps of its programs
     */
    public static Profile of(Program program, int runs, Roofline roofline) {
        if (runs < 1) {
            throw new IllegalArgumentException(runs + " runs are no profile");
        }
        List<ProgramStep> steps = program.steps();
        program.run();
        program.run();
        List<TimedRun> timed = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            StepClock clock = new StepClock(steps.size());
            long begun = System.nanoTime();
            program.run(clock);
            timed.add(new TimedRun(begun, System.nanoTime(), clock));
        }
        return new Profile(steps, roofline, timed);
    }

    static String name(Node node) {
        return "%" + node.id() + " " + node.op().opName();
    }

    /** Types of what a node computes; empty where it only has an effect. */
    public static String outputs(Node node) {
        return node.outputTypes().stream().map(Type::toString).collect(Collectors.joining(", "));
    }

    /** Median over the runs, in seconds, of nanoseconds. */
    private double median(ToDoubleFunction<TimedRun> nanos) {
        double[] sorted = runs.stream().mapToDouble(nanos).sorted().toArray();
        int middle = sorted.length / 2;
        return (sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2) / 1e9;
    }

    private List<Entry> sumUp() {
        Map<Node, List<Integer>> byNode = new LinkedHashMap<>();
        for (int i = 0; i < steps.size(); i++) {
            byNode.computeIfAbsent(steps.get(i).node(), node -> new ArrayList<>()).add(i);
        }
        return byNode.entrySet().stream().map(e -> entry(e.getKey(), e.getValue())).toList();
    }

    /** An operation may read less than its operands hold (a gather), or they may be stored in less than they are typed as (bf16). */
    private Entry entry(Node node, List<Integer> at) {
        double seconds = 0;
        double reorderSeconds = 0;
        int reorders = 0;
        long stored = 0;
        for (int i : at) {
            seconds += stepSeconds[i];
            reorders += steps.get(i).reorder() ? 1 : 0;
            reorderSeconds += steps.get(i).reorder() ? stepSeconds[i] : 0;
            stored += steps.get(i).reorder() ? 0 : steps.get(i).bytes();
        }
        // what a node's reorders alone move was no work of the operation's
        long bytes = Math.min(stored, node.bytes());
        long flops = reorders == at.size() ? 0 : node.flops();
        Cost cost = new Cost(seconds, roofline.seconds(flops, bytes), flops, bytes, reorders, reorderSeconds);
        return new Entry(node, at.stream().map(steps::get).toList(), cost);
    }

    public Roofline roofline() {
        return roofline;
    }

    /** In the order they run. */
    public List<ProgramStep> steps() {
        return steps;
    }

    /** The median of a step. */
    public double seconds(int step) {
        return stepSeconds[step];
    }

    public List<TimedRun> runs() {
        return runs;
    }

    /** The nodes that take time, in the order they run. */
    public List<Entry> entries() {
        return entries;
    }

    /** What a run takes beyond its steps. */
    public double rest() {
        return rest;
    }

    /** All steps and the rest. */
    public double seconds() {
        return total().seconds() + rest;
    }

    /** All steps. */
    public Cost total() {
        return total(entries);
    }

    /** Seconds of a whole run. */
    public double median() {
        return median(run -> run.ended() - run.begun());
    }

    private static Cost total(List<Entry> of) {
        return of.stream().map(Entry::cost).reduce(Cost.NONE, Cost::plus);
    }

    /** By kind of operation, what takes longest first. */
    public List<Sum> byOperation() {
        Map<String, List<Entry>> kinds = new LinkedHashMap<>();
        entries.forEach(e -> kinds.computeIfAbsent(e.node().op().opName(), name -> new ArrayList<>()).add(e));
        List<Sum> sums = new ArrayList<>();
        kinds.forEach((name, of) -> sums.add(new Sum(name, 0, of.size(), total(of))));
        sums.sort(Comparator.comparingDouble((Sum s) -> s.cost().seconds()).reversed());
        return sums;
    }

    /**
     * By scope, in order of first appearance, each followed by the scopes in it, which it includes. Those of depth 0 are all steps; the one
     * with an empty name are the nodes outside any scope.
     */
    public List<Sum> byScope() {
        List<Sum> sums = new ArrayList<>();
        addScopes(0, entries, sums);
        return sums;
    }

    private static void addScopes(int depth, List<Entry> within, List<Sum> sums) {
        Map<String, List<Entry>> parts = new LinkedHashMap<>();
        for (Entry e : within) {
            String scope = prefix(e.node().scope(), depth);
            if (scope != null) {
                parts.computeIfAbsent(scope, name -> new ArrayList<>()).add(e);
            }
        }
        parts.forEach((name, of) -> {
            sums.add(new Sum(name, depth, of.size(), total(of)));
            addScopes(depth + 1, of, sums);
        });
    }

    /** The first {@code depth + 1} parts of a scope's name, null where it has fewer. */
    private static String prefix(String scope, int depth) {
        String[] parts = scope.split("/");
        return parts.length <= depth ? null : String.join("/", Arrays.copyOf(parts, depth + 1));
    }

    /** Where the steps enter and leave scopes, outer scopes first: a scope has as many stretches as it is entered. */
    public List<Stretch> stretches() {
        List<Stretch> found = new ArrayList<>();
        int before = -1;
        for (int depth = 0; found.size() > before; depth++) {
            before = found.size();
            addStretches(depth, found);
        }
        return found;
    }

    private void addStretches(int depth, List<Stretch> found) {
        int first = 0;
        for (int i = 1; i <= steps.size(); i++) {
            String open = prefix(steps.get(i - 1).node().scope(), depth);
            if (i == steps.size() || !Objects.equals(open, prefix(steps.get(i).node().scope(), depth))) {
                if (open != null && !open.isEmpty()) {
                    found.add(new Stretch(open, depth, first, i - 1));
                }
                first = i;
            }
        }
    }
}
