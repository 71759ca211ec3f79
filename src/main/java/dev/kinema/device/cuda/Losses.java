package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.BinaryCrossEntropy;
import dev.kinema.graph.op.BinaryCrossEntropyGradient;
import dev.kinema.graph.op.MeanSquaredError;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Softmax;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.graph.op.SoftmaxCrossEntropyGradient;
import dev.kinema.graph.op.SoftmaxGradient;
import java.util.List;
import java.util.Map;

/** Softmax and losses: computed in float from what logits are stored in; gradients are stored as the logits are. */
final class Losses {
    private Losses() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Softmax.class, Losses::softmax);
        rules.put(SoftmaxGradient.class, Losses::softmaxGradient);
        rules.put(SoftmaxCrossEntropy.class, Losses::crossEntropy);
        rules.put(SoftmaxCrossEntropyGradient.class, Losses::crossEntropyGradient);
        rules.put(BinaryCrossEntropy.class, Losses::binary);
        rules.put(BinaryCrossEntropyGradient.class, Losses::binaryGradient);
        rules.put(MeanSquaredError.class, Losses::squared);
    }

    private static void softmax(Lowering l, Node node) {
        Buffer x = l.of(node.input(0));
        Buffer y = l.like(node.input(0), node.output(0));
        long columns = x.shape().last();
        long rows = x.shape().rows();
        l.step("softmax.forward", List.of(x), List.of(y),
            stream -> Kinema.kn_softmax_forward(y.address(), x.address(), rows, columns, x.code(), stream));
    }

    private static void softmaxGradient(Lowering l, Node node) {
        Buffer dy = l.of(node.input(0));
        Buffer y = l.of(node.input(1), dy.dtype());
        Buffer dx = l.like(node.input(0), node.output(0));
        long columns = y.shape().last();
        long rows = y.shape().rows();
        l.step("softmax.gradient", List.of(dy, y), List.of(dx),
            stream -> Kinema.kn_softmax_gradient(dx.address(), dy.address(), y.address(), rows, columns, dy.code(), stream));
    }

    private static Buffer fault(Lowering l, long classes) {
        return l.fault(label -> "label " + label + " is not one of " + classes + " classes: check the labels fed to the program");
    }

    private static void crossEntropy(Lowering l, Node node) {
        SoftmaxCrossEntropy op = (SoftmaxCrossEntropy) node.op();
        Buffer logits = l.of(node.input(0));
        Buffer labels = l.of(node.input(1));
        Buffer loss = l.define(node.output(0));
        long rows = labels.elements();
        long columns = logits.shape().last();
        Buffer fault = fault(l, columns);
        Buffer scratch = l.scratch(Kinema.kn_softmax_cross_entropy_workspace(rows), "losses of rows");
        l.step("softmax.cross_entropy", List.of(logits, labels), List.of(loss, fault, scratch),
            stream -> Kinema.kn_softmax_cross_entropy(loss.address(), fault.address(), logits.address(), labels.address(), rows, columns,
                op.ignored(), op.smoothing(), logits.code(), scratch.address(), stream));
    }

    private static void crossEntropyGradient(Lowering l, Node node) {
        SoftmaxCrossEntropy op = ((SoftmaxCrossEntropyGradient) node.op()).forward();
        Buffer upstream = l.of(node.input(0), DType.F32);
        Buffer logits = l.of(node.input(1));
        Buffer labels = l.of(node.input(2));
        Buffer dx = l.define(node.output(0), logits.dtype());
        long rows = labels.elements();
        long columns = logits.shape().last();
        Buffer fault = fault(l, columns);
        Buffer scratch = l.scratch(Kinema.kn_softmax_cross_entropy_gradient_workspace(rows), "scale of rows");
        l.step("softmax.cross_entropy_gradient", List.of(upstream, logits, labels), List.of(dx, fault, scratch),
            stream -> Kinema.kn_softmax_cross_entropy_gradient(dx.address(), fault.address(), upstream.address(), logits.address(),
                labels.address(), rows, columns, op.ignored(), op.smoothing(), logits.code(), scratch.address(), stream));
    }

    /** The type in which two values are compared: the one that both are stored in, else F32. */
    private static DType common(Lowering l, Node node, int first) {
        DType stored = l.of(node.input(first)).dtype();
        return l.of(node.input(first + 1)).dtype() == stored ? stored : DType.F32;
    }

    private static void binary(Lowering l, Node node) {
        DType dtype = common(l, node, 0);
        Buffer logits = l.of(node.input(0), dtype);
        Buffer targets = l.of(node.input(1), dtype);
        Buffer loss = l.define(node.output(0));
        Buffer scratch = l.scratch(Kinema.kn_softmax_mean_workspace(logits.elements()), "partial sums");
        l.step("softmax.binary_cross_entropy", List.of(logits, targets), List.of(loss, scratch),
            stream -> Kinema.kn_softmax_binary_cross_entropy(loss.address(), logits.address(), targets.address(), logits.elements(),
                logits.code(), scratch.address(), stream));
    }

    private static void binaryGradient(Lowering l, Node node) {
        DType dtype = common(l, node, 1);
        Buffer upstream = l.of(node.input(0), DType.F32);
        Buffer logits = l.of(node.input(1), dtype);
        Buffer targets = l.of(node.input(2), dtype);
        Buffer dx = l.define(node.output(0), dtype);
        l.step("softmax.binary_cross_entropy_gradient", List.of(upstream, logits, targets), List.of(dx),
            stream -> Kinema.kn_softmax_binary_cross_entropy_gradient(dx.address(), upstream.address(), logits.address(),
                targets.address(), logits.elements(), logits.code(), stream));
    }

    private static void squared(Lowering l, Node node) {
        DType dtype = common(l, node, 0);
        Buffer a = l.of(node.input(0), dtype);
        Buffer b = l.of(node.input(1), dtype);
        Buffer loss = l.define(node.output(0));
        Buffer scratch = l.scratch(Kinema.kn_softmax_mean_workspace(a.elements()), "partial sums");
        l.step("softmax.squared_error", List.of(a, b), List.of(loss, scratch), stream -> Kinema.kn_softmax_squared_error(loss.address(),
            a.address(), b.address(), a.elements(), a.code(), scratch.address(), stream));
    }
}
