package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.Assign;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Sgd;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What changes variables, in place in the weights, in Java; elements are independent, so threads share them freely. */
final class Updates {
    private Updates() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Sgd.class, (l, n) -> {
            Sgd op = (Sgd) n.op();
            momentum(l, n, new Descent(op.momentum(), op.dampening(), op.nesterov(), op.weightDecay()), null);
        });
        rules.put(Lars.class, (l, n) -> {
            Lars op = (Lars) n.op();
            momentum(l, n, new Descent(op.momentum(), op.dampening(), op.nesterov(), 0), op);
        });
        rules.put(Adam.class, Updates::adam);
        rules.put(Ema.class, Updates::ema);
        rules.put(Assign.class, Updates::assign);
        rules.put(Increment.class, Updates::increment);
        rules.put(RingEnqueue.class, Updates::enqueue);
    }

    /** The buffers of a node's inputs; those it writes are plain variables, whose new versions live in the same memory. */
    private static List<Buffer> inputs(Lowering l, Node node) {
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        int[] writes = node.op().writes();
        for (int i = 0; i < writes.length; i++) {
            l.set(node.output(i), in.get(writes[i]));
        }
        return in;
    }

    private static List<Buffer> written(Node node, List<Buffer> in) {
        List<Buffer> written = new ArrayList<>();
        for (int i : node.op().writes()) {
            written.add(in.get(i));
        }
        return written;
    }

    private static String target(Node node) {
        return Graph.variableOf(node.input(0));
    }

    /** The constants that SGD and LARS share. */
    private record Descent(double momentum, double dampening, boolean nesterov, double weightDecay) {}

    /** @param lars null for plain SGD */
    private static void momentum(Lowering l, Node node, Descent d, Lars lars) {
        List<Buffer> in = inputs(l, node);
        boolean buffered = d.momentum() != 0;
        l.step((lars == null ? "sgd " : "lars ") + target(node), in, written(node, in), p -> {
            FloatBuffer w = in.get(0).floats();
            FloatBuffer g = in.get(1).floats();
            FloatBuffer rate = in.get(2).floats();
            FloatBuffer buffer = buffered ? in.get(3).floats() : null;
            LongBuffer step = buffered ? in.get(4).longs() : null;
            float[] layer = {1, 0};
            SquareSums squares = lars == null ? null : new SquareSums(in.subList(0, 2));
            Team.Range range = (from, to) -> {
                float lr = rate.get(0);
                float m = (float) d.momentum();
                float fresh = buffered && step.get(0) > 1 ? (float) (1 - d.dampening()) : 1;
                float decay = (float) d.weightDecay();
                for (int i = from; i < to; i++) {
                    float v = lars == null ? g.get(i) + decay * w.get(i) : layer[0] * (g.get(i) + layer[1] * w.get(i));
                    if (buffered) {
                        float b = step.get(0) > 1 ? m * buffer.get(i) + fresh * v : v;
                        buffer.put(i, b);
                        v = d.nesterov() ? v + m * b : b;
                    }
                    w.put(i, w.get(i) - lr * v);
                }
            };
            return () -> {
                if (lars != null) {
                    squares.compute(p.team());
                    trust(lars, squares, rate.get(0), layer);
                }
                p.team().run(w.capacity(), Elementwise.GRAIN, range);
            };
        });
    }

    /**
     * Sets factor and weight decay of a layer; where a norm is 0 neither scaling nor decay applies.
     *
     * @param squares of the weights and of their gradient
     */
    private static void trust(Lars op, SquareSums squares, double rate, float[] layer) {
        double weights = Math.sqrt(squares.of(0));
        double gradients = Math.sqrt(squares.of(1));
        layer[0] = 1;
        layer[1] = 0;
        if (weights != 0 && gradients != 0) {
            double a = op.trust() * weights / (gradients + op.weightDecay() * weights + op.epsilon());
            layer[0] = (float) (op.clip() ? Math.min(a / rate, 1) : a);
            layer[1] = (float) op.weightDecay();
        }
    }

    private static void adam(Lowering l, Node node) {
        Adam op = (Adam) node.op();
        List<Buffer> in = inputs(l, node);
        l.step("adam " + target(node), in, written(node, in), p -> {
            FloatBuffer w = in.get(0).floats();
            FloatBuffer rate = in.get(2).floats();
            AdamLoop loop = new AdamLoop(op, w, in.get(1).floats(), in.get(3).floats(), in.get(4).floats());
            LongBuffer step = in.get(5).longs();
            Team.Range range = loop::run;
            return () -> {
                loop.begin(rate.get(0), step.get(0));
                p.team().run(w.capacity(), Elementwise.GRAIN, range);
            };
        });
    }

    private static void ema(Lowering l, Node node) {
        List<Buffer> in = inputs(l, node);
        l.step("ema " + target(node), in, written(node, in), p -> {
            FloatBuffer to = in.get(0).floats();
            FloatBuffer from = in.get(1).floats();
            FloatBuffer decay = in.get(2).floats();
            Team.Range range = (start, end) -> {
                float d = decay.get(0);
                for (int i = start; i < end; i++) {
                    to.put(i, d * to.get(i) + (1 - d) * from.get(i));
                }
            };
            return () -> p.team().run(to.capacity(), Elementwise.GRAIN, range);
        });
    }

    private static void assign(Lowering l, Node node) {
        List<Buffer> in = inputs(l, node);
        l.step("assign " + target(node), in, written(node, in), p -> {
            var to = in.get(0).bytes();
            var from = in.get(1).bytes();
            return () -> to.put(0, from, 0, from.capacity());
        });
    }

    private static void increment(Lowering l, Node node) {
        long by = ((Increment) node.op()).by();
        List<Buffer> in = inputs(l, node);
        l.step("increment " + target(node), in, written(node, in), p -> {
            LongBuffer counter = in.get(0).longs();
            int last = counter.capacity() - 1;
            return () -> counter.put(last, counter.get(last) + by);
        });
    }

    private static void enqueue(Lowering l, Node node) {
        boolean counted = ((RingEnqueue) node.op()).counted();
        List<Buffer> in = inputs(l, node);
        int capacity = in.get(0).shape().dim(0);
        int most = in.get(2).shape().dim(0);
        l.step("enqueue " + target(node), in, written(node, in), p -> {
            ByteBuffer queue = in.get(0).bytes();
            LongBuffer pointer = in.get(1).longs();
            ByteBuffer rows = in.get(2).bytes();
            IntBuffer given = counted ? in.get(3).ints() : null;
            int width = queue.capacity() / Math.max(1, capacity);
            return () -> {
                if (pointer.get(0) < 0 || pointer.get(0) >= capacity) {
                    throw new KinemaException("the pointer is at " + pointer.get(0) + " in a queue of " + capacity
                        + " rows: it belongs to another queue, start with both as they are initialized");
                }
                int count = counted ? given.get(0) : most;
                if (count < 0 || count > most) {
                    throw new KinemaException("count " + count + " is not one of 0 to " + most + " rows: check what is fed to the program");
                }
                int at = (int) pointer.get(0);
                for (int r = 0; r < count; r++) {
                    queue.put((at + r) % capacity * width, rows, r * width, width);
                }
                pointer.put(0, (at + count) % capacity);
            };
        });
    }
}
