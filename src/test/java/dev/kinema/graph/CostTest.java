package dev.kinema.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Slice;
import org.junit.jupiter.api.Test;

/** Arithmetic and bytes of operations, counted by hand. */
class CostTest {
    private final Graph graph = new Graph();

    private Value floats(String name, int... dims) {
        return graph.input(name, DType.F32, Shape.of(dims));
    }

    private Value ints(String name, int... dims) {
        return graph.input(name, DType.I32, Shape.of(dims));
    }

    private static void costs(long flops, long bytes, Value value) {
        assertEquals(flops, value.node().flops(), value.node() + ": FLOPs");
        assertEquals(bytes, value.node().bytes(), value.node() + ": bytes");
    }

    @Test
    void productsCountMultiplyAndAdd() {
        Value conv = Conv3d.of(floats("clip", 1, 4, 8, 8, 3), floats("filter", 5, 3, 1, 3, 3), new Extent(1, 2, 2), new Extent(0, 1, 1));
        costs(2L * 4 * 4 * 4 * 5 * 27, 4L * (4 * 64 * 3 + 5 * 27 + 4 * 16 * 5), conv);
        costs(2L * 6 * 7 * 8, 4L * (6 * 7 + 8 * 7 + 8 + 6 * 8), Linear.of(floats("x", 2, 3, 7), floats("w", 8, 7), floats("b", 8)));
        costs(2L * 2 * 3 * 5 * 4, 4L * 2 * (3 * 4 + 4 * 5 + 3 * 5), MatMul.of(floats("a", 2, 3, 4), floats("m", 2, 5, 4), false, true));
        Value loss = InfoNce.of(floats("q", 2, 4), floats("k", 2, 4), floats("keys", 10, 4), 0.1).output(0);
        costs(2L * 2 * 4 * 11, 4L * (8 + 8 + 40 + 1 + 2 + 2), loss);
        Value part = InfoNce.of(floats("q'", 2, 4), floats("k'", 2, 4), floats("keys'", 10, 4), 0.1, ints("count", 1), ints("owners", 2),
            ints("keys.owners", 10)).output(0);
        costs(2L * 2 * 4 * 11, 4L * (8 + 8 + 40 + 1 + 2 + 10 + 1 + 2 + 2), part);
    }

    @Test
    void movesCountBytesOnly() {
        Value x = floats("x", 4, 6);
        costs(24, 4L * (24 + 6 + 24), Add.of(x, floats("bias", 6)));
        costs(0, 4L * (24 + 12), Slice.of(x, 1, 2, 3));
        costs(0, 0, Reshape.of(x, Shape.of(24)));
        costs(0, 4L * (2 * 12 + 2), Gather.of(x, graph.input("i", DType.I32, Shape.of(2)), 0));
        Value queue = graph.state("queue", DType.F32, Shape.of(100, 6), Initializer.ZEROS);
        Value pointer = graph.state("pointer", DType.I64, Shape.of(1), Initializer.ZEROS);
        costs(0, 2 * 4L * 24 + 2 * 8, RingEnqueue.of(queue, pointer, x).output(0));
        Value owners = graph.state("queue.owners", DType.I32, Shape.of(100), Initializer.ZEROS);
        Value second = graph.state("second pointer", DType.I64, Shape.of(1), Initializer.ZEROS);
        costs(0, 2 * 4L * 3 + 2 * 8 + 4, RingEnqueue.of(owners, second, ints("films", 3), ints("count", 1)).output(0));
    }
}
