package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Relu;
import dev.kinema.model.Contextualizer;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import java.util.Optional;

/**
 * From events' features to what a task's head reads of them: in context, or each alone, through two layers or as they are. Variables
 * {@code contextualizer.*} as in its weights files, or {@code event.0.weight} and {@code event.2.weight}.
 *
 * @param inputWidth of a feature
 * @param contextualizer what sets them in context; empty for each alone
 * @param trained whether it is trained
 * @param width of the two layers without one; 0 for features as they are
 */
record EventEncoder(int inputWidth, Optional<ContextualizerConfig> contextualizer, boolean trained, int width) {
    static final String CONTEXTUALIZER = "contextualizer";

    EventEncoder {
        contextualizer.filter(config -> config.inputWidth() != inputWidth).ifPresent(config -> {
            throw new KinemaException("the contextualizer reads features of width " + config.inputWidth() + ", and events' have " + inputWidth
                + ": give the backbone that it was trained with");
        });
    }

    /** Width of what comes out. */
    int outputWidth() {
        return contextualizer.map(ContextualizerConfig::width).orElse(width == 0 ? inputWidth : width);
    }

    /** Features [B, N, inputWidth] to [B, N, outputWidth]. */
    Value apply(Pass pass, Value features) {
        if (contextualizer.isPresent()) {
            Pass here = pass.at(CONTEXTUALIZER);
            return new Contextualizer(contextualizer.get()).apply(trained ? here : here.frozen().eval(), features);
        }
        if (width == 0) {
            return features;
        }
        Pass here = pass.at("event");
        Value inner = Relu.of(Linear.of(inputWidth, width).apply(here.at("0"), features));
        return Linear.of(width, width).apply(here.at("2"), inner);
    }
}
