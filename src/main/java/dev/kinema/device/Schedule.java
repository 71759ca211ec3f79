package dev.kinema.device;

import dev.kinema.KinemaException;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.StopGradient;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The nodes that matter, in the order they run: what outputs and effects depend on, in the order of building, except that an operation
 * which writes a variable comes after everything that reads the version it overwrites, and not before anything else that can run without it.
 */
public final class Schedule {
    private final List<Node> nodes;
    private final Map<Value, List<Node>> consumers = new HashMap<>();

    private Schedule(Graph graph) {
        Set<Node> live = live(graph);
        for (Node node : graph.nodes()) {
            if (live.contains(node)) {
                node.inputs().forEach(v -> consumers.computeIfAbsent(v, k -> new ArrayList<>()).add(node));
            }
        }
        nodes = order(live);
    }

    public static Schedule of(Graph graph) {
        return new Schedule(graph);
    }

    public List<Node> nodes() {
        return nodes;
    }

    /** The live nodes that read {@code value}, in order of building, a node once per input. */
    public List<Node> consumers(Value value) {
        return consumers.getOrDefault(value, List.of());
    }

    /** Whether the operation only renames its input, so that a device may let both share memory. */
    public static boolean isView(Node node) {
        return node.op() instanceof Reshape || node.op() instanceof StopGradient;
    }

    private static Set<Node> live(Graph graph) {
        Set<Node> live = new HashSet<>();
        Deque<Node> open = new ArrayDeque<>();
        graph.outputs().values().forEach(v -> open.add(v.node()));
        graph.nodes().stream().filter(Node::hasEffect).forEach(open::add);
        while (!open.isEmpty()) {
            Node node = open.pop();
            if (live.add(node)) {
                node.inputs().forEach(v -> open.push(v.node()));
            }
        }
        return live;
    }

    private List<Node> order(Set<Node> live) {
        Map<Node, Set<Node>> before = new HashMap<>();
        for (Node node : live) {
            Set<Node> needs = before.computeIfAbsent(node, k -> new HashSet<>());
            node.inputs().forEach(v -> needs.add(v.node()));
            for (int i : node.op().writes()) {
                readers(node.input(i), node, needs);
            }
        }
        return topological(before);
    }

    private void readers(Value value, Node writer, Set<Node> into) {
        for (Node reader : consumers(value)) {
            if (reader == writer) {
                continue;
            }
            into.add(reader);
            if (isView(reader)) {
                readers(reader.output(0), writer, into);
            }
        }
    }

    private static List<Node> topological(Map<Node, Set<Node>> before) {
        Map<Node, List<Node>> after = new HashMap<>();
        Map<Node, Integer> open = new HashMap<>();
        PriorityQueue<Node> ready = new PriorityQueue<>(Comparator.comparing(Node::hasEffect).thenComparing(Node::id));
        before.forEach((node, needs) -> {
            open.put(node, needs.size());
            needs.forEach(n -> after.computeIfAbsent(n, k -> new ArrayList<>()).add(node));
            if (needs.isEmpty()) {
                ready.add(node);
            }
        });
        List<Node> sorted = new ArrayList<>();
        while (!ready.isEmpty()) {
            Node node = ready.poll();
            sorted.add(node);
            for (Node next : after.getOrDefault(node, List.of())) {
                if (open.merge(next, -1, Integer::sum) == 0) {
                    ready.add(next);
                }
            }
        }
        if (sorted.size() < before.size()) {
            Node stuck = before.keySet().stream().filter(n -> open.get(n) > 0 && n.hasEffect())
                .min(Comparator.comparingInt(Node::id)).orElseThrow();
            throw new KinemaException("no order satisfies the graph: " + stuck + " overwrites a variable whose old version is read by"
                + " something that depends on the new one: read one version only");
        }
        return List.copyOf(sorted);
    }
}
