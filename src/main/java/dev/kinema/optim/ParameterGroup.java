package dev.kinema.optim;

/**
 * Rules for some of the parameters.
 *
 * @param selection which ones
 * @param weightDecay theirs
 * @param layerwise whether {@link Lars} scales them
 * @param rateFactor what the learning rate is multiplied by for them
 */
public record ParameterGroup(Selection selection, double weightDecay, boolean layerwise, double rateFactor) {

    /** Norms without weight decay and without layer-wise scaling: PySlowFast's group of batch norms. */
    public static final ParameterGroup UNDECAYED_NORMS = new ParameterGroup(Selection.NORMS, 0, false, 1);

    /** The selected ones with another weight decay and without layer-wise scaling. */
    public static ParameterGroup of(Selection selection, double weightDecay) {
        return new ParameterGroup(selection, weightDecay, false, 1);
    }
}
