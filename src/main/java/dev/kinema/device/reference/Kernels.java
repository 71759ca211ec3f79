package dev.kinema.device.reference;

import dev.kinema.graph.op.Op;
import java.util.HashMap;
import java.util.Map;

/** The kernel of every operation. Inputs and variables have none: a program holds their values. */
final class Kernels {
    private static final Kernels ALL = new Kernels();

    private final Map<Class<? extends Op>, Kernel<? extends Op>> kernels = new HashMap<>();

    private Kernels() {
        Elementwise.register(this);
        Layout.register(this);
        Reduction.register(this);
        Convolution.register(this);
        Pooling.register(this);
        Products.register(this);
        Normalisation.register(this);
        BatchNormalisation.register(this);
        AttentionKernels.register(this);
        Losses.register(this);
        ContrastiveLosses.register(this);
        Updates.register(this);
    }

    <O extends Op> void add(Class<O> op, Kernel<O> kernel) {
        kernels.put(op, kernel);
    }

    static boolean has(Class<? extends Op> op) {
        return ALL.kernels.containsKey(op);
    }

    /** Runs the kernel of {@code op}. */
    static void run(Op op, Call call) {
        run(op, ALL.kernels.get(op.getClass()), call);
    }

    @SuppressWarnings("unchecked") // add() ties a kernel to its operation's class
    private static <O extends Op> void run(Op op, Kernel<O> kernel, Call call) {
        kernel.run((O) op, call);
    }
}
