package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.task.vidsitu.Relation;

/**
 * Relations: the two events of a pair, one after the other, to a classifier. Its last layer starts at 0: until it is trained it gives every
 * pair the same answer, for a mean accuracy of 25 %.
 *
 * @param eventWidth of two layers that each event goes through first where there is no contextualizer; 0 for none. The toolkit's 1024; open
 *     in the paper
 * @param fusedWidth of two more layers that each event goes through, in context or not; 0 for none. The toolkit's 1024, where its model of
 *     texts and pictures brings both together; its model of pictures alone has them, too
 * @param hidden width between the classifier's two layers, the toolkit's 1024; 0 for one layer. Open in the paper
 * @param outputs 4, the paper's; or the toolkit's 5, of which the first is never right
 * @param tuning how it is trained
 */
public record RelationsConfig(@Default("0") int eventWidth, @Default("0") int fusedWidth, @Default("1024") int hidden,
    @Default("4") int outputs, @Default("{}") TuningSettings tuning) {
    public RelationsConfig {
        if (eventWidth < 0 || fusedWidth < 0 || hidden < 0) {
            throw new KinemaException("event_width is " + eventWidth + ", fused_width " + fusedWidth + ", and hidden " + hidden
                + ": they must be 0 or more");
        }
        if (outputs != Relation.OUTPUTS && outputs != Relation.values().length) {
            throw new KinemaException("outputs is " + outputs + ": it must be " + Relation.values().length + ", or " + Relation.OUTPUTS
                + " as in the toolkit");
        }
    }
}
