package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Assign;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.StopGradient;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private final Graph graph = new Graph();

    private int position(Node node) {
        return Schedule.of(graph).nodes().indexOf(node);
    }

    private Value state(String name, int... dims) {
        return graph.state(name, DType.F32, Shape.of(dims), Initializer.ONES);
    }

    @Test
    void everyCaseIsInAnOrderThatRespectsInputsAndWrites() {
        for (OpCase c : OpCases.all()) {
            Graph g = c.forward().differentiable() ? c.backward().graph() : c.forward().graph();
            Schedule schedule = Schedule.of(g);
            Map<Node, Integer> at = new HashMap<>();
            schedule.nodes().forEach(n -> at.put(n, at.size()));
            for (Node node : schedule.nodes()) {
                node.inputs().forEach(v -> assertTrue(at.get(v.node()) < at.get(node), () -> c + ": " + node));
                for (int i : node.op().writes()) {
                    schedule.consumers(node.input(i)).stream().filter(r -> r != node)
                        .forEach(r -> assertTrue(at.get(r) < at.get(node), () -> c + ": " + r + " reads what " + node + " overwrites"));
                }
            }
        }
    }

    @Test
    void whatNobodyNeedsDoesNotRun() {
        Value x = graph.input("x", DType.F32, Shape.of(2));
        Value dead = Scale.of(x, 2);
        graph.output("y", Scale.of(x, 3));
        assertEquals(-1, position(dead.node()));
        assertEquals(2, Schedule.of(graph).nodes().size());
    }

    @Test
    void readersOfAnOldVersionComeBeforeItsWriterThoughBuiltLater() {
        Value v = state("v", 2);
        Value next = Assign.of(v, Fill.of(graph, Shape.of(2), 5));
        Value late = Scale.of(v, 2);
        graph.output("old", late);
        graph.output("new", Scale.of(next, 2));
        assertTrue(position(late.node()) < position(next.node()));
    }

    @Test
    void readersThroughViewsCount() {
        Value v = state("v", 2);
        Value next = Assign.of(v, Fill.of(graph, Shape.of(2), 5));
        Value late = Scale.of(StopGradient.of(Reshape.of(v, Shape.of(1, 2))), 2);
        graph.output("old", late);
        assertTrue(position(late.node()) < position(next.node()));
    }

    /** MoCo: the key encoder is moved first and computes the keys; the queue takes them after the loss has been computed with the old queue. */
    @Test
    void averageBeforeKeysAndQueueAfterLoss() {
        Value x = graph.input("x", DType.F32, Shape.of(2, 3));
        Value weight = graph.parameter("weight", Shape.of(4, 3), Initializer.ONES);
        Value keyWeight = Ema.of(state("key.weight", 4, 3), weight, Fill.scalar(graph, 0.99));
        Value keys = Linear.of(x, keyWeight, null);
        Value queue = state("queue", 5, 4);
        Node enqueue = RingEnqueue.of(queue, graph.state("pointer", DType.I64, Shape.of(1), Initializer.ZEROS), keys);
        Node loss = InfoNce.of(Linear.of(x, weight, null), keys, queue, 0.1);
        graph.output("loss", loss.output(0));
        assertTrue(position(keyWeight.node()) < position(keys.node()));
        assertTrue(position(loss) < position(enqueue));
    }

    @Test
    void aCycleIsRefused() {
        Value v = state("v", 2);
        Value next = Assign.of(v, Fill.of(graph, Shape.of(2), 5));
        graph.output("both", Add.of(Scale.of(next, 2), v));
        String message = assertThrows(KinemaException.class, () -> Schedule.of(graph)).getMessage();
        assertTrue(message.contains("no order satisfies the graph") && message.contains("Assign"), message);
    }

    @Test
    void effectsRunThoughNoOutputNeedsThem() {
        Value next = Assign.of(state("v", 2), Fill.of(graph, Shape.of(2), 5));
        assertEquals(List.of("Assign"), Schedule.of(graph).nodes().stream().filter(Node::hasEffect).map(n -> n.op().opName()).toList());
        assertEquals(2, position(next.node()));
    }
}
