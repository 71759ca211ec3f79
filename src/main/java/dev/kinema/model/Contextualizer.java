package dev.kinema.model;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Broadcast;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Select;
import dev.kinema.graph.op.Slice;
import dev.kinema.nn.Embedding;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import dev.kinema.nn.TransformerEncoder;
import dev.kinema.nn.TransformerLayer;
import java.util.List;

/**
 * The contextualizer TxE: from the features of a film's events, each seen alone, to the same events in context.
 *
 * <p>Variables {@code input_projection.weight} (with an MLP {@code input_projection.0.weight} and {@code 2}), {@code positions.weight},
 * {@code mask_token} and, as in PyTorch's TransformerEncoder, {@code encoder.layers.0.self_attn.in_proj_weight} and so on.
 */
public record Contextualizer(ContextualizerConfig config) {

    /** The events in context [B, N, width] of features [B, N, inputWidth]. */
    public Value apply(Pass pass, Value features) {
        return encode(pass, tokens(pass, features), null);
    }

    /** Features [B, N, inputWidth] projected to tokens [B, N, width]. */
    public Value tokens(Pass pass, Value features) {
        int in = config.inputWidth();
        if (features.shape().rank() != 3 || features.shape().last() != in) {
            throw new KinemaException("the contextualizer takes features [B, N, " + in + "], got " + features.type());
        }
        Pass here = pass.at("input_projection");
        return switch (config.projection()) {
            case NONE -> features;
            case LINEAR -> Linear.of(in, config.width()).apply(here, features);
            case MLP -> Linear.of(config.width(), config.width()).apply(here.at("2"),
                Relu.of(Linear.of(in, config.width()).apply(here.at("0"), features)));
        };
    }

    /**
     * Tokens [B, N, width] with the [MASK] token wherever {@code mask} uint8 [B, N] is 1. The token takes the place of the projected
     * feature and gets the position like any other: BERT's way (Devlin et al., arXiv:1810.04805), open in the paper.
     */
    public Value masked(Pass pass, Value tokens, Value mask) {
        Value token = pass.parameter("mask_token", Shape.of(config.width()), new Initializer.Normal(config.initialStd()));
        return Select.of(mask, pass.graph().add(new Broadcast(tokens.shape(), List.of(0, 1)), token), tokens);
    }

    /**
     * Tokens [B, N, width] in context.
     *
     * @param padding uint8 [B, N], 1 at tokens that fill up a short sequence; or null
     * @throws KinemaException if the sequence is longer than the learned positions
     */
    public Value encode(Pass pass, Value tokens, Value padding) {
        Value x = config.inputScale() == 1 ? tokens : Scale.of(tokens, config.inputScale());
        x = pass.dropout(withPositions(pass, x), config.dropout());
        TransformerLayer layer = new TransformerLayer(config.width(), config.heads(), config.feedForward(), config.activation(),
            config.preNorm(), config.dropout(), config.attentionDropout(), config.activationDropout(), config.normEpsilon());
        return new TransformerEncoder(layer, config.layers(), config.finalNorm()).apply(pass.at("encoder"), x, padding, false);
    }

    private Value withPositions(Pass pass, Value x) {
        int length = x.shape().dim(1);
        if (config.positions() == ContextualizerConfig.Positions.NONE) {
            return x;
        }
        if (length > config.maxLength()) {
            throw new KinemaException("a sequence of " + length + " events is longer than the contextualizer's " + config.maxLength()
                + " positions: cut it into windows, or set maxLength");
        }
        Pass here = pass.at("positions");
        Value table = config.positions() == ContextualizerConfig.Positions.LEARNED
            ? new Embedding(config.maxLength(), config.width(), new Initializer.Normal(config.initialStd())).table(here)
            : here.state("weight", DType.F32, Shape.of(config.maxLength(), config.width()), new Initializer.Sinusoid(config.width()));
        return Add.of(x, length == config.maxLength() ? table : Slice.of(table, 0, 0, length));
    }
}
