package dev.kinema.device.reference;

import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.Assign;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Sgd;

/** Operations that write variables: each computes the new version, which the program puts in place of the old one. */
final class Updates {
    private Updates() {}

    static void register(Kernels kernels) {
        kernels.add(Assign.class, (op, call) -> call.share(0, 1));
        kernels.add(Increment.class, Updates::increment);
        kernels.add(Ema.class, Updates::ema);
        kernels.add(RingEnqueue.class, Updates::enqueue);
        kernels.add(Sgd.class, Updates::sgd);
        kernels.add(Lars.class, Updates::lars);
        kernels.add(Adam.class, Updates::adam);
    }

    private static void increment(Increment op, Call call) {
        long[] counter = call.integers(0);
        long[] next = call.outIntegers(0);
        System.arraycopy(counter, 0, next, 0, counter.length);
        next[next.length - 1] += op.by();
    }

    private static void ema(Ema op, Call call) {
        double decay = call.scalar(2);
        double[] y = call.out(0);
        for (int i = 0; i < y.length; i++) {
            y[i] = decay * call.in(0)[i] + (1 - decay) * call.in(1)[i];
        }
    }

    private static void enqueue(RingEnqueue op, Call call) {
        Object queue = call.outElements(0);
        System.arraycopy(call.elements(0), 0, queue, 0, (int) call.shape(0).elements());
        int capacity = call.shape(0).dim(0);
        int width = (int) call.shape(0).product(1, call.shape(0).rank());
        int rows = call.shape(2).dim(0);
        long pointer = call.integers(1)[0];
        if (pointer < 0 || pointer >= capacity) {
            throw call.error("the pointer is at " + pointer + " in a queue of " + capacity + " rows: it was restored from another queue");
        }
        long count = op.counted() ? call.integers(3)[0] : rows;
        if (count < 0 || count > rows) {
            throw call.error("count " + count + " is not one of 0 to " + rows + " rows: check what is fed to the program");
        }
        for (int r = 0; r < count; r++) {
            System.arraycopy(call.elements(2), r * width, queue, (int) ((pointer + r) % capacity) * width, width);
        }
        call.outIntegers(1)[0] = (pointer + count) % capacity;
    }

    private static void sgd(Sgd op, Call call) {
        double[] p = call.in(0);
        double[] g = call.in(1).clone();
        Vectors.add(g, 0, op.weightDecay(), p, 0, p.length);
        descend(call, g, op.momentum(), op.dampening(), op.nesterov());
    }

    /** SGD without weight decay, with {@code g} in place of the gradient. */
    private static void descend(Call call, double[] g, double momentum, double dampening, boolean nesterov) {
        double rate = call.scalar(2);
        for (int i = 0; i < g.length; i++) {
            double direction = g[i];
            if (momentum != 0) {
                boolean first = call.integers(4)[0] == 1;
                double buffer = first ? g[i] : momentum * call.in(3)[i] + (1 - dampening) * g[i];
                call.out(1)[i] = buffer;
                direction = nesterov ? g[i] + momentum * buffer : buffer;
            }
            call.out(0)[i] = call.in(0)[i] - rate * direction;
        }
    }

    private static void lars(Lars op, Call call) {
        double[] p = call.in(0);
        double[] g = call.in(1).clone();
        double normP = Math.sqrt(Vectors.dot(p, 0, p, 0, p.length));
        double normG = Math.sqrt(Vectors.dot(g, 0, g, 0, g.length));
        if (normP != 0 && normG != 0) {
            double a = op.trust() * normP / (normG + op.weightDecay() * normP + op.epsilon());
            a = op.clip() ? Math.min(a / call.scalar(2), 1) : a;
            for (int i = 0; i < g.length; i++) {
                g[i] = a * (g[i] + op.weightDecay() * p[i]);
            }
        }
        descend(call, g, op.momentum(), op.dampening(), op.nesterov());
    }

    private static void adam(Adam op, Call call) {
        double[] p = call.in(0);
        double rate = call.scalar(2);
        double step = call.integers(5)[0];
        double correction1 = 1 - Math.pow(op.beta1(), step);
        double correction2 = 1 - Math.pow(op.beta2(), step);
        for (int i = 0; i < p.length; i++) {
            double g = call.in(1)[i] + (op.decoupled() ? 0 : op.weightDecay() * p[i]);
            double first = op.beta1() * call.in(3)[i] + (1 - op.beta1()) * g;
            double second = op.beta2() * call.in(4)[i] + (1 - op.beta2()) * g * g;
            double decayed = op.decoupled() ? p[i] * (1 - rate * op.weightDecay()) : p[i];
            call.out(0)[i] = decayed - rate * (first / correction1) / (Math.sqrt(second / correction2) + op.epsilon());
            call.out(1)[i] = first;
            call.out(2)[i] = second;
        }
    }
}
