package dev.kinema.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the time of a program's runs goes.
 *
 * @param title what was run
 * @param rest seconds of a run that belong to no step
 * @param steps in the order they run, at least one
 * @param stretches where they enter and leave scopes
 * @param nodes in the order they run; their times are those of the steps
 * @param operations sums by kind of operation
 * @param scopes sums by scope, each before those in it
 * @param remarks sentences to print under the title
 * @param facts how it was measured, in the order to print: what to what
 */
public record ProfileReport(String title, double rest, List<Step> steps, List<Stretch> stretches, List<Node> nodes, List<Sum> operations,
    List<Sum> scopes, List<String> remarks, Map<String, String> facts) {

    /**
     * Time and work of some steps.
     *
     * @param bytes that have to cross memory
     * @param rooflineShare how near the machine's measured limits: 1 is on them
     * @param reorders how many steps only move data between layouts or types, and in {@code reorderSeconds} their time
     */
    public record Work(double seconds, double flopsPerSecond, long bytes, double bytesPerSecond, double rooflineShare, int reorders,
        double reorderSeconds) {}

    /** What a program does at once; {@code name} is its node's, and the operation's that of the node. */
    public record Step(String name, String operation, String kernel, String scope, boolean reorder, double seconds) {}

    /** Steps {@code first} to {@code last}, both included, which are all in one scope; {@code depth} counts the scopes around that one. */
    public record Stretch(String scope, int depth, int first, int last) {}

    /**
     * An operation of the graph.
     *
     * @param members what was fused into it, in order of computing; empty where nothing was
     * @param outputs types and shapes of what it computes; empty where it only has an effect
     * @param kernels of its steps
     */
    public record Node(String name, String operation, List<String> members, String outputs, List<String> kernels, String scope, Work work) {}

    /** A kind of operation, or a scope in {@code depth} others. */
    public record Sum(String name, int depth, int nodes, Work work) {}

    /** Copies the parts. */
    public ProfileReport {
        steps = List.copyOf(steps);
        stretches = List.copyOf(stretches);
        nodes = List.copyOf(nodes);
        operations = List.copyOf(operations);
        scopes = List.copyOf(scopes);
        remarks = List.copyOf(remarks);
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
        if (steps.isEmpty() || !(rest >= 0) || !(rest + sum(steps) > 0)) {
            throw new IllegalArgumentException(steps.size() + " steps and " + rest + " s besides: something must take time");
        }
    }

    private static double sum(List<Step> steps) {
        return steps.stream().mapToDouble(Step::seconds).sum();
    }

    /** Of a run: all steps and the rest. */
    public double seconds() {
        return sum(steps) + rest;
    }

    /** The report as one HTML page that loads nothing from elsewhere. */
    public String toHtml() {
        return new ProfilePage(this).html();
    }
}
