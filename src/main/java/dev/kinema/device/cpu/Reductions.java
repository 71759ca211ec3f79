package dev.kinema.device.cpu;

import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.ClipFactor;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Softmax;
import dev.kinema.graph.op.SoftmaxGradient;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Sums in double, some of a few numbers each in float32, in an order that no number of threads changes: a run repeats to the bit. */
final class Reductions {
    /** Numbers that are added up in float32. */
    private static final int FEW = 16;

    private Reductions() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Reduce.class, Reductions::reduce);
        rules.put(GlobalNorm.class, Reductions::norm);
        rules.put(ClipFactor.class, Reductions::clip);
        rules.put(Softmax.class, Reductions::softmax);
        rules.put(SoftmaxGradient.class, Reductions::softmaxGradient);
    }

    private static void reduce(Lowering l, Node node) {
        Reduce op = (Reduce) node.op();
        Buffer x = l.plain(node.input(0));
        Buffer y = l.define(node.output(0));
        int[] steps = outputSteps(x.shape(), y.shape(), op.axes());
        double scale = op.kind() == Reduce.Kind.MEAN ? (double) y.elements() / Math.max(1, x.elements()) : 1;
        Shape shape = x.shape();
        int rank = shape.rank();
        int inner = rank == 0 ? 1 : shape.last();
        int innerStep = rank == 0 ? 0 : steps[rank - 1];
        l.step("reduce", List.of(x), List.of(y), p -> {
            FloatBuffer in = x.floats();
            FloatBuffer out = y.floats();
            double[] sums = new double[y.elements()];
            // columns are shared among threads where the last axis stays: each adds up its own, over all rows in order
            Team.Range columns = inner == sums.length && innerStep == 1 ? (from, to) -> addRows(in, sums, from, to) : (from, to) -> {
                for (int row = 0; row < x.elements() / Math.max(1, inner); row++) {
                    int at = 0;
                    int rest = row;
                    for (int a = rank - 2; a >= 0; a--) {
                        at += rest % shape.dim(a) * steps[a];
                        rest /= shape.dim(a);
                    }
                    for (int i = from; i < to; i++) {
                        sums[at + i * innerStep] += in.get(row * inner + i);
                    }
                }
            };
            return () -> {
                Arrays.fill(sums, 0);
                if (innerStep == 0) {
                    columns.run(0, inner);
                } else {
                    p.team().run(inner, Math.max(64, inner * Elementwise.GRAIN / Math.max(1, x.elements())), columns);
                }
                for (int i = 0; i < sums.length; i++) {
                    out.put(i, (float) (sums[i] * scale));
                }
            };
        });
    }

    /** Adds the columns {@code from} to {@code to} of all rows, of a few each in float32 and of these sums in double. */
    private static void addRows(FloatBuffer in, double[] sums, int from, int to) {
        Tile tile = Tile.own();
        float[] x = tile.x;
        float[] few = tile.y;
        int rows = in.capacity() / Math.max(1, sums.length);
        for (int first = from; first < to; first += Tile.SIZE) {
            int count = Math.min(Tile.SIZE, to - first);
            for (int row = 0; row < rows; row += FEW) {
                in.get(row * sums.length + first, few, 0, count);
                for (int next = row + 1; next < Math.min(rows, row + FEW); next++) {
                    in.get(next * sums.length + first, x, 0, count);
                    add(x, few, count);
                }
                for (int i = 0; i < count; i++) {
                    sums[first + i] += few[i];
                }
            }
        }
    }

    private static void add(float[] x, float[] sums, int count) {
        for (int i = 0; i < count; i++) {
            sums[i] += x[i];
        }
    }

    /** For each axis of the input, how far the output index moves; 0 along reduced axes. */
    private static int[] outputSteps(Shape in, Shape out, List<Integer> axes) {
        int[] strides = Shapes.strides(out);
        int[] steps = new int[in.rank()];
        for (int i = 0, j = 0; i < steps.length; i++) {
            steps[i] = axes.contains(i) ? 0 : strides[j++];
        }
        return steps;
    }

    private static void norm(Lowering l, Node node) {
        List<Buffer> in = node.inputs().stream().map(l::plain).toList();
        Buffer y = l.define(node.output(0));
        l.step("norm", in, List.of(y), p -> {
            SquareSums squares = new SquareSums(in);
            FloatBuffer out = y.floats();
            return () -> {
                squares.compute(p.team());
                out.put(0, (float) Math.sqrt(squares.total()));
            };
        });
    }

    private static void clip(Lowering l, Node node) {
        double limit = ((ClipFactor) node.op()).limit();
        Buffer norm = l.plain(node.input(0));
        Buffer y = l.define(node.output(0));
        l.step("clip factor", List.of(norm), List.of(y), p -> {
            FloatBuffer in = norm.floats();
            FloatBuffer out = y.floats();
            return () -> out.put(0, (float) Math.min(1, limit / (in.get(0) + 1e-6)));
        });
    }

    private static void softmax(Lowering l, Node node) {
        Buffer x = l.plain(node.input(0));
        Buffer y = l.define(node.output(0));
        int width = y.shape().last();
        l.step("softmax", List.of(x), List.of(y), p -> {
            FloatBuffer in = x.floats();
            FloatBuffer out = y.floats();
            Team.Range rows = (from, to) -> {
                for (int r = from; r < to; r++) {
                    int base = r * width;
                    double log = logSum(in, base, width);
                    for (int i = base; i < base + width; i++) {
                        out.put(i, (float) Math.exp(in.get(i) - log));
                    }
                }
            };
            return () -> p.team().run((int) y.shape().rows(), 1 + 8192 / width, rows);
        });
    }

    /** Logarithm of the sum of exponentials of {@code count} elements from {@code base}; negative infinity if all are. */
    static double logSum(FloatBuffer x, int base, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = base; i < base + count; i++) {
            max = Math.max(max, x.get(i));
        }
        if (max == Double.NEGATIVE_INFINITY) {
            return max;
        }
        double sum = 0;
        for (int i = base; i < base + count; i++) {
            sum += Math.exp(x.get(i) - max);
        }
        return max + Math.log(sum);
    }

    private static void softmaxGradient(Lowering l, Node node) {
        Buffer dy = l.plain(node.input(0));
        Buffer y = l.plain(node.input(1));
        Buffer dx = l.define(node.output(0));
        int width = y.shape().last();
        l.step("softmax gradient", List.of(dy, y), List.of(dx), p -> {
            FloatBuffer g = dy.floats();
            FloatBuffer s = y.floats();
            FloatBuffer out = dx.floats();
            Team.Range rows = (from, to) -> {
                for (int r = from; r < to; r++) {
                    double dot = 0;
                    for (int i = r * width; i < (r + 1) * width; i++) {
                        dot += (double) g.get(i) * s.get(i);
                    }
                    for (int i = r * width; i < (r + 1) * width; i++) {
                        out.put(i, (float) (s.get(i) * (g.get(i) - dot)));
                    }
                }
            };
            return () -> p.team().run((int) y.shape().rows(), 1 + Elementwise.GRAIN / width, rows);
        });
    }
}
