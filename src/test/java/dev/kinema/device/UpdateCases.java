package dev.kinema.device;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.Assign;
import dev.kinema.graph.op.ClipFactor;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Sgd;
import java.util.ArrayList;
import java.util.List;

/** Operations that write variables, and gradient clipping. Each case is run more than once, so that the second run meets what the first wrote. */
final class UpdateCases {
    private UpdateCases() {}

    static void addTo(OpCases cases) {
        stepped(cases, "Sgd plain", new Sgd(0, 0, false, 0), 0, 5, 17);
        stepped(cases, "Sgd momentum", new Sgd(0.9, 0, false, 1e-2), 1, 17);
        stepped(cases, "Sgd nesterov", new Sgd(0.9, 0, true, 1e-2), 1, 3, 5);
        stepped(cases, "Sgd dampening", new Sgd(0.9, 0.5, false, 0), 1, 1);
        stepped(cases, "Lars plain", new Lars(0, 0, false, 1e-2, 0.02, 1e-8, false), 0, 5, 17);
        stepped(cases, "Lars momentum", new Lars(0.9, 0, true, 1e-2, 0.02, 1e-8, false), 1, 17, 16);
        stepped(cases, "Lars clip", new Lars(0.9, 0, false, 1e-2, 0.02, 1e-8, true), 1, 2, 2);
        stepped(cases, "Adam", new Adam(0.9, 0.999, 1e-8, 1e-2, false), 2, 5, 17);
        stepped(cases, "Adam decoupled", new Adam(0.9, 0.98, 1e-6, 0.05, true), 2, 17);
        cases.add("Lars of a zero tensor", g -> {
            Value p = g.state("p", 0, 0, 3, 4);
            g.graph().append(new Lars(0, 0, false, 1e-2, 0.02, 1e-8, false), List.of(p, g.floats("g", 3, 4), Fill.scalar(g.graph(), 0.1)));
        });
        cases.add("Ema", g -> Ema.of(g.state("target", -1, 1, 5, 17), g.parameter("source", 1, 5, 17), Fill.scalar(g.graph(), 0.75)));
        cases.add("Assign", g -> Assign.of(g.state("target", -1, 1, 3, 5), Scale.of(g.floats("x", 3, 5), 2)));
        cases.add("Assign while the old version is read", g -> {
            Value v = g.state("v", -1, 1, 17);
            Value next = Assign.of(v, Scale.of(v, 0.5, 1));
            g.output("old", Reshape.of(v, Shape.of(17, 1)));
            g.output("doubled", Scale.of(v, 2));
            g.output("new", Scale.of(next, 2));
        });
        cases.add("Increment", g -> {
            Increment.of(g.counter("step", 41));
            g.graph().add(new Increment(-3), g.counter("random", 1L << 40, 1L << 41));
        });
        for (int rows : new int[] {1, 3, 7}) {
            cases.add("RingEnqueue of " + rows + " into 7", g -> RingEnqueue.of(g.state("queue", -1, 1, 7, 5), g.counter("pointer", 5),
                g.floats("rows", rows, 5)));
        }
        for (int count : new int[] {0, 1, 3, 4}) {
            cases.add("RingEnqueue of " + count + " of 4 into 7, and of their owners", g -> {
                Value counted = g.integers("count", HostArrays.ofInts(Shape.of(1), count));
                RingEnqueue.of(g.state("queue", -1, 1, 7, 5), g.counter("pointer", 5), g.floats("rows", 4, 5), counted);
                RingEnqueue.of(g.owners("queue.owners", -1, -1, 3, 4, 5, 6, 7), g.counter("pointer of owners", 5),
                    g.integers("owners", HostArrays.ofInts(Shape.of(4), 10, 11, 12, 13)), counted);
            });
        }
        cases.add("GlobalNorm and ClipFactor", g -> {
            Value norm = GlobalNorm.of(List.of(g.floats("a", 5, 17), g.floats("b", 3), g.parameter("c", 1)));
            g.output("norm", norm);
            g.output("clipped", ClipFactor.of(norm, 0.5));
            g.output("within", ClipFactor.of(norm, 500));
        });
    }

    /** An optimizer's step with its step count as a counter that rises. */
    private static void stepped(OpCases cases, String name, Op op, int buffers, int... shape) {
        cases.add(name, g -> {
            List<Value> in = new ArrayList<>(List.of(g.parameter("p", 1, shape), g.floats("g", shape), Fill.scalar(g.graph(), 0.125)));
            for (int i = 0; i < buffers; i++) {
                in.add(g.state("buffer" + i, 0.5, 1, shape));
            }
            if (buffers > 0) {
                in.add(Increment.of(g.counter("step", 0)));
            }
            g.graph().append(op, in);
        });
    }
}
