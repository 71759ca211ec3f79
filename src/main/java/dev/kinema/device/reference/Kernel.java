package dev.kinema.device.reference;

import dev.kinema.graph.op.Op;

/** What an operation means: fills the outputs of a call from its inputs. */
@FunctionalInterface
interface Kernel<O extends Op> {
    void run(O op, Call call);
}
