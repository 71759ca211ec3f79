package dev.kinema.model;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.nn.BatchNorm;
import dev.kinema.nn.Mlp;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * From a pooled feature to the unit vector that a contrastive loss compares. Variables {@code head.projection.projection.0.weight} and so on,
 * as in PySlowFast's contrastive models.
 *
 * @param layers linear layers
 * @param hidden width between them
 * @param width size of the result
 * @param norm batch norm after each layer but the last, or null
 */
public record ProjectionHead(int layers, int hidden, int width, BatchNorm norm) {
    /**
     * CVRL's: three hidden layers with batch norm, whose running statistics keep 0.997 of the old (TensorFlow Model Garden, projects/video_ssl,
     * configs/video_ssl.py).
     */
    public static final ProjectionHead CVRL = new ProjectionHead(4, 2048, 128, new BatchNorm(1e-5, 0.003, BatchNorm.DEFAULT.gamma()));
    /** MoCo's and SimCLR's on Slow (PySlowFast: configs/contrastive_ssl/MoCo_SlowR50_8x8.yaml). */
    public static final ProjectionHead MOCO = new ProjectionHead(3, 2048, 128, null);
    /** MoDist's, one per path (amazon-science/self-supervised-maclr: head_helper.py and its defaults). */
    public static final ProjectionHead MODIST = new ProjectionHead(2, 2048, 128, null);
    /** BYOL's (PySlowFast: configs/contrastive_ssl/BYOL_SlowR50_8x8.yaml). */
    public static final ProjectionHead BYOL = new ProjectionHead(2, 4096, 256, BatchNorm.DEFAULT);

    /** [N, C] to unit rows [N, width]. */
    public Value apply(Pass pass, Value feature) {
        return L2Normalize.of(projection(pass, feature));
    }

    /** The same before it is made a unit vector. */
    public Value projection(Pass pass, Value feature) {
        List<Integer> widths = new ArrayList<>(Collections.nCopies(layers - 1, hidden));
        widths.add(width);
        return new Mlp(widths, norm).apply(pass.at("head.projection.projection"), feature);
    }
}
