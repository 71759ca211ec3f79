package dev.kinema.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Assign;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Transpose;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphTest {
    private final Graph graph = new Graph();

    private Value input(String name, int... dims) {
        return graph.input(name, DType.F32, Shape.of(dims));
    }

    private static String refused(Runnable build) {
        return assertThrows(KinemaException.class, build::run).getMessage();
    }

    @Test
    void variablesAreSharedByNameAndDeclaredOnce() {
        Value w = graph.parameter("w", Shape.of(2), Initializer.ONES);
        assertSame(w, graph.parameter("w", Shape.of(2), Initializer.ZEROS));
        assertTrue(refused(() -> graph.parameter("w", Shape.of(3), Initializer.ONES)).contains("'w' is declared as F32 [2] and again as F32 [3]"));
        assertEquals(1, graph.declarations().size());
    }

    @Test
    void namesOfInputsAndOutputsAreUnique() {
        Value x = input("x", 2);
        assertTrue(refused(() -> input("x", 2)).contains("already has an input named 'x'"));
        graph.output("y", Scale.of(x, 2));
        assertTrue(refused(() -> graph.output("y", x)).contains("already has an output named 'y'"));
    }

    @Test
    void aStaleVersionIsNotOverwritten() {
        Value step = graph.state("step", DType.I64, Shape.of(1), Initializer.ZEROS);
        Value next = Increment.of(step);
        assertTrue(refused(() -> Increment.of(step)).contains("'step', which another operation of this graph has already written"));
        assertEquals("step", Graph.variableOf(Increment.of(next)), "the new version can be");
    }

    @Test
    void onlyVariablesAreWritten() {
        Value x = input("x", 2);
        assertTrue(refused(() -> Assign.of(Scale.of(x, 2), x)).contains("only a variable can be written"));
        Value v = graph.state("v", DType.F32, Shape.of(2), Initializer.ZEROS);
        assertTrue(refused(() -> Assign.of(Reshape.of(Reshape.of(v, Shape.of(1, 2)), Shape.of(2)), x)).contains("only a variable can be written"));
    }

    @Test
    void variablesAreNoOutputs() {
        Value v = graph.state("v", DType.F32, Shape.of(2), Initializer.ZEROS);
        assertTrue(refused(() -> graph.output("v", v)).contains("read it from the weights"));
        Value next = Assign.of(v, input("x", 2));
        assertTrue(Graph.isVariable(next));
        assertTrue(refused(() -> graph.output("v", next)).contains("read it from the weights"));
    }

    @Test
    void valuesOfAnotherGraphAreRefused() {
        Value other = new Graph().input("x", DType.F32, Shape.of(2));
        assertTrue(refused(() -> Add.of(input("x", 2), other)).contains("belongs to another graph"));
    }

    @Test
    void parametersAreTheTrainedVariables() {
        Value w = graph.parameter("w", Shape.of(2), Initializer.ONES);
        graph.state("v", DType.F32, Shape.of(2), Initializer.ONES);
        assertEquals(List.of(w), graph.parameters());
        assertEquals(List.of("w", "v"), List.copyOf(graph.variables().keySet()));
    }

    @Test
    void badShapesNameTheOperationAndTheShapes() {
        Value x = input("x", 1, 2, 5, 5, 3);
        assertTrue(refused(() -> Conv3d.of(x, graph.parameter("w", Shape.of(4, 2, 1, 3, 3), Initializer.ONES), Extent.ONE, Extent.ZERO))
            .startsWith("Conv3d: x has 3 channels and the weight takes 2: F32 [1, 2, 5, 5, 3], F32 [4, 2, 1, 3, 3]"));
        assertTrue(refused(() -> MaxPool3d.of(x, new Extent(3, 3, 3), Extent.ONE, Extent.ZERO)).contains("does not fit into an input"));
        assertTrue(refused(() -> Add.of(x, input("b", 5))).startsWith("Add: the second operand"));
        assertTrue(refused(() -> Linear.of(x, graph.parameter("u", Shape.of(4, 2), Initializer.ONES), null)).startsWith("Linear: x has rows of 3"));
        assertTrue(refused(() -> MatMul.of(input("m", 2, 3), input("n", 2, 3), false, false)).startsWith("MatMul: inner sizes differ, 3 and 2"));
        assertTrue(refused(() -> Transpose.of(input("t", 2, 3), 0, 0)).contains("is not an order of the axes"));
    }

    @Test
    void outputSizesAreThoseOfPyTorch() {
        Value w = graph.parameter("w", Shape.of(64, 3, 5, 7, 7), Initializer.ONES);
        Value stem = Conv3d.of(input("film", 1, 16, 224, 224, 3), w, new Extent(2, 2, 2), new Extent(2, 3, 3));
        assertEquals(Shape.of(1, 8, 112, 112, 64), stem.shape());
        assertEquals(Shape.of(1, 8, 56, 56, 64), MaxPool3d.of(stem, new Extent(1, 3, 3), new Extent(1, 2, 2), new Extent(0, 1, 1)).shape());
        assertEquals(2L * 8 * 112 * 112 * 64 * 3 * 5 * 7 * 7, stem.node().flops());
    }
}
