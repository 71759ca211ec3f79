package dev.kinema.device.reference;

import dev.kinema.KinemaException;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;

/** One execution of a node: its inputs, which are not to be changed, and its outputs. */
final class Call {
    private final Node node;
    private final Object[] in;
    private final Object[] out;
    private final Workers workers;

    Call(Node node, Object[] in, Workers workers) {
        this.node = node;
        this.in = in;
        this.out = new Object[node.outputs().size()];
        this.workers = workers;
    }

    /** Runs the body over all rows on the device's threads; the outputs are there before, so that threads share them. */
    void rows(int rows, Workers.Body body) {
        for (int i = 0; i < out.length; i++) {
            outElements(i);
        }
        workers.rows(rows, body);
    }

    int inputs() {
        return in.length;
    }

    double[] in(int i) {
        return (double[]) in[i];
    }

    /** Input {@code i} of an integer type. */
    long[] integers(int i) {
        return (long[]) in[i];
    }

    /** Input {@code i} of either. */
    Object elements(int i) {
        return in[i];
    }

    /** The only element of input {@code i}. */
    double scalar(int i) {
        return in(i)[0];
    }

    Shape shape(int i) {
        return node.input(i).shape();
    }

    Shape outShape(int i) {
        return node.output(i).shape();
    }

    /** Output {@code i}, at first all zeros. */
    double[] out(int i) {
        return (double[]) outElements(i);
    }

    /** Output {@code i} of an integer type, at first all zeros. */
    long[] outIntegers(int i) {
        return (long[]) outElements(i);
    }

    Object outElements(int i) {
        if (out[i] == null) {
            out[i] = Elements.allocate(node.output(i).type());
        }
        return out[i];
    }

    /** Lets output {@code i} be input {@code from} itself. */
    void share(int i, int from) {
        out[i] = in[from];
    }

    /** What is wrong with the data, with the place in the model. */
    KinemaException error(String message) {
        String scope = node.scope().isEmpty() ? "" : " in " + node.scope();
        return new KinemaException(node.op().opName() + scope + ": " + message);
    }
}
