package dev.kinema.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.BinaryCrossEntropy;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.StopGradient;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GradientsTest {
    private final Graph graph = new Graph();
    private final Value x = graph.input("x", DType.F32, Shape.of(2, 3));

    private static Value sum(Value v) {
        return Reduce.sum(v, IntStream.range(0, v.shape().rank()).boxed().toArray(Integer[]::new));
    }

    private static String refused(Value loss, Value... by) {
        return assertThrows(KinemaException.class, () -> Gradients.of(loss, List.of(by))).getMessage();
    }

    private Value parameter(String name, int... dims) {
        return graph.parameter(name, Shape.of(dims), Initializer.ONES);
    }

    @Test
    void onlyScalarsAreDifferentiated() {
        assertTrue(refused(x, x).contains("only a scalar"));
    }

    @Test
    void whatTheLossDoesNotDependOnIsNamed() {
        assertTrue(refused(sum(x), parameter("other", 1)).contains("does not depend on"));
        assertTrue(refused(sum(StopGradient.of(x)), x).contains("does not depend on"));
    }

    @Test
    void gradientsDoNotPassAnUpdate() {
        Value source = parameter("source", 3);
        Value moved = Ema.of(graph.state("target", DType.F32, Shape.of(3), Initializer.ONES), source, Fill.scalar(graph, 0.5));
        assertTrue(refused(sum(Scale.of(moved, 2)), source).contains("does not depend on"));
    }

    @Test
    void bytesAreNotDifferentiable() {
        Value frames = graph.input("frames", DType.U8, Shape.of(1, 1, 1, 1, 3));
        assertTrue(refused(sum(NormalizeFrames.of(frames, NormalizeFrames.KINETICS)), frames).contains("NormalizeFrames has no gradient"));
    }

    @Test
    void savedOutputsAreNotDifferentiated() {
        Value y = LayerNorm.of(x, parameter("gamma", 3), parameter("beta", 3), 1e-5);
        assertTrue(refused(sum(y.node().output(1)), x).contains("a gradient arrives at output 1"));
    }

    @Test
    void operationsWithoutAGradientSayWhy() {
        assertTrue(refused(GlobalNorm.of(List.of(x)), x).startsWith("GlobalNorm has no gradient"));
        Value first = Gradients.of(sum(LayerNorm.of(x, parameter("gamma", 3), parameter("beta", 3), 1e-5)), List.of(x)).get(0);
        assertTrue(refused(sum(first), x).contains("LayerNormGradient has no gradient: it is itself part of a backward"));
    }

    @Test
    void constantsMustNotBeDifferentiatedFor() {
        Value queue = parameter("queue", 5, 3);
        assertTrue(refused(InfoNce.of(x, x, queue, 0.1).output(0), queue).contains("the queue is a constant"));
        assertTrue(refused(BinaryCrossEntropy.of(x, x), x).contains("targets are constants"));
        Value mean = parameter("mean", 3);
        Value norm = graph.add(new BatchNormInference(1e-5), x, mean, mean, mean, mean);
        assertTrue(refused(sum(norm), mean).contains("need BatchNorm"));
    }

    @Test
    void activationsAreFusedAfterDifferentiation() {
        Value y = graph.add(new Linear(false, Linear.Activation.RELU), x, parameter("w", 4, 3));
        assertTrue(refused(sum(y), x).contains("differentiate before fusing"));
    }

    @Test
    void gradientsComeInOrderWithTheShapesOfTheirVariables() {
        Value w = parameter("w", 4, 3);
        Value bias = parameter("bias", 4);
        List<Value> gradients = Gradients.of(sum(Linear.of(x, w, bias)), List.of(bias, x, w));
        assertEquals(List.of(bias.type(), x.type(), w.type()), gradients.stream().map(Value::type).toList());
    }

    @Test
    void nothingIsComputedForWhatIsNotAskedFor() {
        Value w = parameter("w", 4, 3);
        int before = graph.nodes().size();
        Value loss = sum(Mul.of(Linear.of(x, w, null), Fill.of(graph, Shape.of(4), 2)));
        Gradients.of(loss, List.of(w));
        assertTrue(graph.nodes().stream().skip(before).flatMap(n -> n.outputs().stream()).noneMatch(v -> v.node().scope().startsWith("backward")
            && v.shape().equals(x.shape())), "no gradient of x:\n" + graph);
    }

    @Test
    void theLossOfItselfIsOne() {
        Value loss = sum(x);
        Value one = Gradients.of(loss, List.of(loss)).get(0);
        assertEquals(new Fill(Shape.SCALAR, 1), one.node().op());
    }

    @Test
    void backwardNodesCarryTheScopeOfTheirForwardNode() {
        Value y;
        try (Graph.Scope s2 = graph.scope("s2"); Graph.Scope a = graph.scope("a")) {
            y = Mul.of(x, x);
        }
        Value dx = Gradients.of(sum(y), List.of(x)).get(0);
        assertEquals("backward/s2/a", dx.node().scope());
        assertSame(graph, dx.graph());
    }
}
