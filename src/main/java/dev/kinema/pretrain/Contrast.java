package dev.kinema.pretrain;

import dev.kinema.graph.Value;
import dev.kinema.model.ProjectionHead;
import dev.kinema.model.Slow;
import dev.kinema.nn.Pass;

/** Two clips of a film, each turned into a unit row by the network and a projection head, are to be alike. */
sealed interface Contrast extends Objective permits InBatchContrast, QueueContrast {
    Slow network();

    ProjectionHead head();

    @Override
    default int clips() {
        return 2;
    }

    @Override
    default int width() {
        return head().width();
    }

    @Override
    default Value rows(Pass pass, Value clips) {
        return head().apply(pass, network().feature(pass, clips));
    }
}
