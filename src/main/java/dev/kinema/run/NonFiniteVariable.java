package dev.kinema.run;

import dev.kinema.KinemaException;

/** Says that weights are not saved because a variable is no longer finite. */
final class NonFiniteVariable extends KinemaException {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final double value;

    NonFiniteVariable(String name, double value) {
        super("the variable '" + name + "' holds " + value
            + ", and is not saved: go on from the last checkpoint, with a lower learning rate");
        this.name = name;
        this.value = value;
    }

    NonFinite after(long step) {
        return new NonFinite(step, "variable '" + name + "'", value);
    }
}
