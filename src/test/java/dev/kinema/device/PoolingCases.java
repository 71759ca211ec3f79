package dev.kinema.device;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.AveragePool3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.GlobalAveragePool3d;
import dev.kinema.graph.op.MaxPool3d;

/** Pooling: the stem's, those of other readings of the stem, the head's. */
final class PoolingCases {
    private PoolingCases() {}

    static void addTo(OpCases cases) {
        max(cases, "1x3x3 strided", new int[] {2, 2, 7, 9, 17}, new Extent(1, 3, 3), new Extent(1, 2, 2), new Extent(0, 1, 1));
        max(cases, "3x3x3 strided", new int[] {1, 5, 6, 5, 3}, new Extent(3, 3, 3), new Extent(2, 2, 2), new Extent(1, 1, 1));
        max(cases, "2x1x1", new int[] {1, 5, 2, 2, 32}, new Extent(2, 1, 1), new Extent(2, 1, 1), Extent.ZERO);
        max(cases, "2x2x2 overlapping", new int[] {1, 3, 4, 5, 16}, new Extent(2, 2, 2), Extent.ONE, Extent.ZERO);
        cases.add("MaxPool3d among ties", g -> {
            Value x = g.coarse("x", 1, 2, 9, 8, 16);
            Value y = MaxPool3d.of(x, new Extent(1, 3, 3), new Extent(1, 2, 2), new Extent(0, 1, 1));
            g.result(y, x);
        });
        average(cases, "2x2x2", new int[] {1, 4, 5, 6, 17}, new Extent(2, 2, 2), new Extent(2, 2, 2), Extent.ZERO);
        average(cases, "1x3x3 padded", new int[] {2, 2, 5, 7, 16}, new Extent(1, 3, 3), new Extent(1, 2, 2), new Extent(0, 1, 1));
        average(cases, "8x2x2 of the head", new int[] {1, 8, 2, 3, 32}, new Extent(8, 2, 2), Extent.ONE, Extent.ZERO);
        cases.add("GlobalAveragePool3d", g -> {
            Value x = g.floats("x", 2, 3, 5, 7, 17);
            g.result(GlobalAveragePool3d.of(x), x);
        });
        cases.add("GlobalAveragePool3d of one position", g -> {
            Value x = g.floats("x", 1, 1, 1, 1, 64);
            g.result(GlobalAveragePool3d.of(x), x);
        });
    }

    private static void max(OpCases cases, String name, int[] shape, Extent kernel, Extent stride, Extent padding) {
        cases.add("MaxPool3d " + name, g -> {
            Value x = g.distinct("x", shape);
            g.result(MaxPool3d.of(x, kernel, stride, padding), x);
        });
    }

    private static void average(OpCases cases, String name, int[] shape, Extent kernel, Extent stride, Extent padding) {
        cases.add("AveragePool3d " + name, g -> {
            Value x = g.floats("x", shape);
            g.result(AveragePool3d.of(x, kernel, stride, padding), x);
        });
    }
}
