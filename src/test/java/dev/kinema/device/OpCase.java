package dev.kinema.device;

import java.util.function.Consumer;

/**
 * One use of an operation, at a shape that hurts. Building it twice gives the same graph and the same numbers.
 *
 * @param name the operation and what is special here
 */
public record OpCase(String name, Consumer<CaseGraph> build) {

    /** The operation by itself. */
    public CaseGraph forward() {
        CaseGraph g = new CaseGraph(name);
        build.accept(g);
        return g;
    }

    /** With a loss on its result. */
    public CaseGraph withLoss() {
        CaseGraph g = forward();
        g.appendLoss();
        return g;
    }

    /** With a loss on its result, and the loss's derivatives. */
    public CaseGraph backward() {
        CaseGraph g = forward();
        g.appendGradients();
        return g;
    }

    @Override
    public String toString() {
        return name;
    }
}
