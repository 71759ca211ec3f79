package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.Assign;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Sgd;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Updates of variables, in place. Neighbours of one kind are one step, as networks have hundreds of tensors, most of them small. */
final class Updates {
    private Updates() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Sgd.class, (l, n) -> optimize(l, n, new int[] {3}, 4));
        rules.put(Lars.class, (l, n) -> optimize(l, n, new int[] {3}, 4));
        rules.put(Adam.class, (l, n) -> optimize(l, n, new int[] {3, 4}, 5));
        rules.put(Ema.class, (l, n) -> optimize(l, n, new int[0], 3));
        rules.put(Assign.class, Updates::assign);
        rules.put(Increment.class, Updates::increment);
    }

    /**
     * An optimizer's step: inputs parameter, gradient, rate, and where the node has them, buffers and the step's number.
     *
     * @param buffers the inputs that are buffers
     * @param step the input that is the step's number
     */
    private static void optimize(Lowering l, Node node, int[] buffers, int step) {
        List<Buffer> written = new ArrayList<>();
        List<Buffer> read = new ArrayList<>();
        Value direction = node.input(1);
        boolean scaled = direction.node().op() instanceof Mul && l.isAbsorbed(direction.node(), node);
        Buffer gradient = l.of(scaled ? direction.node().input(0) : direction);
        Buffer[] row = new Buffer[Kinema.KN_OPTIMIZER_COLUMNS];
        if (scaled) {
            row[UpdateGroup.FACTOR] = l.of(direction.node().input(1), DType.F32);
            read.add(row[UpdateGroup.FACTOR]);
        }
        row[UpdateGroup.GRADIENT] = gradient;
        row[UpdateGroup.RATE] = l.of(node.input(2), DType.F32);
        boolean buffered = node.inputs().size() > 3;
        if (buffered) {
            row[UpdateGroup.STEP] = l.of(node.input(step));
            read.add(row[UpdateGroup.STEP]);
        }
        row[UpdateGroup.PARAMETER] = l.update(0, 0);
        written.add(row[UpdateGroup.PARAMETER]);
        for (int i = 0; buffered && i < buffers.length; i++) {
            row[UpdateGroup.FIRST + i] = l.update(buffers[i], 1 + i);
            written.add(row[UpdateGroup.FIRST + i]);
        }
        read.addAll(List.of(gradient, row[UpdateGroup.RATE]));
        UpdateGroup.join(l, node, row, read, written);
    }

    /**
     * Where the product of a gradient and a number, as clipping makes it, is read by an optimizer's step alone, leaves it to that.
     *
     * @return whether it did
     */
    static boolean takeOver(Lowering l, Node product) {
        Node reader = l.soleReader(product.output(0));
        boolean taken = reader != null && isOptimizer(reader.op()) && reader.input(1) == product.output(0)
            && product.input(1).shape().equals(Shape.SCALAR)
            && product.inputs().stream().allMatch(v -> l.of(v).storage().home != Storage.Home.WEIGHTS);
        if (taken) {
            l.absorb(product, reader);
        }
        return taken;
    }

    private static boolean isOptimizer(Op op) {
        return op instanceof Sgd || op instanceof Lars || op instanceof Adam;
    }

    private static void assign(Lowering l, Node node) {
        Buffer value = l.of(node.input(1), node.input(0).dtype());
        Buffer target = l.update(0, 0);
        l.copy(value, target);
    }

    private static void increment(Lowering l, Node node) {
        long by = ((Increment) node.op()).by();
        Buffer counter = l.update(0, 0);
        l.step("optimizer.increment", List.of(counter), List.of(counter),
            stream -> Kinema.kn_optimizer_increment(counter.address(), counter.elements(), by, stream));
    }
}
