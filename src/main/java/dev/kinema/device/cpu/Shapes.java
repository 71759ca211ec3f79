package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Broadcast;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Pad;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.ScatterAdd;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.StopGradient;
import dev.kinema.graph.op.Transpose;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/** What only moves elements, in Java over plain buffers; a change of shape moves nothing. */
final class Shapes {
    private static final float[] ZEROS = new float[4096];

    private Shapes() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Reshape.class, Shapes::reshape);
        rules.put(StopGradient.class, (l, n) -> l.set(n.output(0), l.of(n.input(0))));
        rules.put(Transpose.class, Shapes::transpose);
        rules.put(Concat.class, Shapes::concat);
        rules.put(Slice.class, (l, n) -> {
            Slice op = (Slice) n.op();
            window(l, n, op.axis(), op.start());
        });
        rules.put(Pad.class, (l, n) -> {
            Pad op = (Pad) n.op();
            window(l, n, op.axis(), -op.before());
        });
        rules.put(Gather.class, Shapes::gather);
        rules.put(ScatterAdd.class, Shapes::scatter);
        rules.put(Broadcast.class, Shapes::broadcast);
    }

    private static void reshape(Lowering l, Node node) {
        Buffer stored = l.of(node.input(0));
        Buffer x = stored.isPlain() ? stored : l.plain(node.input(0));
        l.set(node.output(0), Buffer.plain(x.storage(), node.output(0).shape(), x.dtype()));
    }

    /** Steps in elements from one entry of each axis to the next. */
    static int[] strides(Shape shape) {
        int[] strides = new int[shape.rank()];
        int step = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            strides[i] = step;
            step *= shape.dim(i);
        }
        return strides;
    }

    private static void transpose(Lowering l, Node node) {
        List<Integer> order = ((Transpose) node.op()).order();
        int[] from = strides(node.input(0).shape());
        walk(l, node, "transpose", order.stream().mapToInt(a -> from[a]).toArray());
    }

    private static void broadcast(Lowering l, Node node) {
        List<Integer> axes = ((Broadcast) node.op()).axes();
        int[] from = strides(node.input(0).shape());
        int[] steps = new int[node.output(0).shape().rank()];
        for (int i = 0, j = 0; i < steps.length; i++) {
            steps[i] = axes.contains(i) ? 0 : from[j++];
        }
        walk(l, node, "broadcast", steps);
    }

    /** Fills the output in order, reading the input at strides {@code steps} along the output's axes. */
    private static void walk(Lowering l, Node node, String what, int[] steps) {
        Buffer x = l.plain(node.input(0));
        Buffer y = l.define(node.output(0));
        Shape shape = y.shape();
        int rank = shape.rank();
        int inner = rank == 0 ? 1 : shape.last();
        int innerStep = rank == 0 ? 0 : steps[rank - 1];
        l.step(what, List.of(x), List.of(y), p -> {
            FloatBuffer in = x.floats();
            FloatBuffer out = y.floats();
            Team.Range range = (from, to) -> {
                for (int row = from; row < to; row++) {
                    int at = 0;
                    int rest = row;
                    for (int a = rank - 2; a >= 0; a--) {
                        at += rest % shape.dim(a) * steps[a];
                        rest /= shape.dim(a);
                    }
                    for (int i = 0; i < inner; i++) {
                        out.put(row * inner + i, in.get(at + i * innerStep));
                    }
                }
            };
            return () -> p.team().run(y.elements() / Math.max(1, inner), 1 + Elementwise.GRAIN / Math.max(1, inner), range);
        });
    }

    private static void concat(Lowering l, Node node) {
        int axis = ((Concat) node.op()).axis();
        List<Buffer> parts = node.inputs().stream().map(l::plain).toList();
        Buffer y = l.define(node.output(0));
        int outer = (int) y.shape().product(0, axis);
        int row = y.elements() / Math.max(1, outer);
        l.step("concat", parts, List.of(y), p -> {
            FloatBuffer[] in = parts.stream().map(Buffer::floats).toArray(FloatBuffer[]::new);
            FloatBuffer out = y.floats();
            return () -> {
                int offset = 0;
                for (FloatBuffer part : in) {
                    int size = part.capacity() / Math.max(1, outer);
                    for (int o = 0; o < outer; o++) {
                        out.put(o * row + offset, part, o * size, size);
                    }
                    offset += size;
                }
            };
        });
    }

    /** Entries {@code start} on along an axis; outside the input they are 0. */
    private static void window(Lowering l, Node node, int axis, int start) {
        Buffer x = l.plain(node.input(0));
        Buffer y = l.define(node.output(0));
        int outer = (int) y.shape().product(0, axis);
        int inner = (int) y.shape().product(axis + 1, y.shape().rank());
        int sizeIn = x.shape().dim(axis);
        int sizeOut = y.shape().dim(axis);
        // what is copied lies together within each entry of the axes before
        int first = Math.min(sizeOut, Math.max(0, -start));
        int last = Math.max(first, Math.min(sizeOut, sizeIn - start));
        l.step(start > 0 || sizeOut < sizeIn ? "slice" : "pad", List.of(x), List.of(y), p -> {
            FloatBuffer in = x.floats();
            FloatBuffer out = y.floats();
            Team.Range range = (from, to) -> {
                for (int o = from; o < to; o++) {
                    int base = o * sizeOut * inner;
                    clear(out, base, first * inner);
                    out.put(base + first * inner, in, (o * sizeIn + first + start) * inner, (last - first) * inner);
                    clear(out, base + last * inner, (sizeOut - last) * inner);
                }
            };
            return () -> p.team().run(outer, 1 + Elementwise.GRAIN / Math.max(1, sizeOut * inner), range);
        });
    }

    private static void clear(FloatBuffer out, int at, int count) {
        for (int done = 0; done < count; done += ZEROS.length) {
            out.put(at + done, ZEROS, 0, Math.min(ZEROS.length, count - done));
        }
    }

    private static void gather(Lowering l, Node node) {
        int axis = ((Gather) node.op()).axis();
        Buffer x = l.plain(node.input(0));
        Buffer indices = l.plain(node.input(1));
        Buffer y = l.define(node.output(0));
        int outer = (int) x.shape().product(0, axis);
        int size = x.shape().dim(axis);
        int inner = (int) x.shape().product(axis + 1, x.shape().rank());
        int count = indices.elements();
        l.step("gather", List.of(x, indices), List.of(y), p -> {
            FloatBuffer in = x.floats();
            var index = indices.ints();
            FloatBuffer out = y.floats();
            return () -> {
                for (int o = 0; o < outer; o++) {
                    for (int i = 0; i < count; i++) {
                        out.put((o * count + i) * inner, in, (o * size + checked(index.get(i), size)) * inner, inner);
                    }
                }
            };
        });
    }

    private static void scatter(Lowering l, Node node) {
        int axis = ((ScatterAdd) node.op()).axis();
        Buffer x = l.plain(node.input(0));
        Buffer indices = l.plain(node.input(1));
        Buffer y = l.define(node.output(0));
        int outer = (int) y.shape().product(0, axis);
        int size = y.shape().dim(axis);
        int inner = (int) y.shape().product(axis + 1, y.shape().rank());
        int count = indices.elements();
        l.step("scatter", List.of(x, indices), List.of(y), p -> {
            FloatBuffer in = x.floats();
            var index = indices.ints();
            FloatBuffer out = y.floats();
            return () -> {
                for (int i = 0; i < y.elements(); i++) {
                    out.put(i, 0);
                }
                for (int o = 0; o < outer; o++) {
                    for (int i = 0; i < count; i++) {
                        int target = (o * size + checked(index.get(i), size)) * inner;
                        int source = (o * count + i) * inner;
                        for (int j = 0; j < inner; j++) {
                            out.put(target + j, out.get(target + j) + in.get(source + j));
                        }
                    }
                }
            };
        });
    }

    private static int checked(int index, int size) {
        if (index < 0 || index >= size) {
            throw new KinemaException("index " + index + " is outside an axis of " + size + ": check the indices fed to the program");
        }
        return index;
    }
}
