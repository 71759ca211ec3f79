package dev.kinema.optim;

import dev.kinema.graph.Value;

/** How one parameter moves along its gradient. */
public sealed interface Rule permits Sgd, Lars, Adam {
    /** Appends the update and returns the parameter's new version. */
    Value append(Update update);
}
