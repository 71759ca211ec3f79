package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Op;
import java.util.List;
import java.util.Map;

/** Dropout in the type its operand is stored in, in place where it dies; with neighbours, or into another type, as a chain. */
final class Dropouts {
    private Dropouts() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Dropout.class, (l, n) -> Elementwise.chain(l, n, () -> apply(l, n)));
    }

    private static void apply(Lowering l, Node node) {
        Dropout op = (Dropout) node.op();
        Buffer x = l.of(node.input(0));
        Buffer random = l.of(node.input(1));
        Buffer y = l.like(node.input(0), node.output(0));
        l.step("dropout.apply", List.of(x, random), List.of(y), stream -> Kinema.kn_dropout_apply(y.address(), x.address(), random.address(),
            x.elements(), op.p(), op.salt(), x.code(), stream));
    }
}
