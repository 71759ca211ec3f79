package dev.kinema.nn;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * One layer of a Transformer (Vaswani et al., arXiv:1706.03762, section 3.1), as encoder or decoder, with the names of PyTorch's
 * TransformerEncoderLayer and TransformerDecoderLayer.
 *
 * @param width D, the size of a token
 * @param feedForward width between the two linear layers
 * @param preNorm whether layer norm comes before each sublayer (Xiong et al., arXiv:2002.04745) or after the residual sum
 * @param dropout of each sublayer's output, in training
 * @param attentionDropout of attention weights
 * @param activationDropout between the two linear layers
 * @param epsilon of the layer norms
 * @param start what the weights start with; layer norms at 1 and 0
 */
public record TransformerLayer(int width, int heads, int feedForward, Activation activation, boolean preNorm, double dropout,
    double attentionDropout, double activationDropout, double epsilon, TransformerStart start) {

    /** Starting as in PyTorch. */
    public TransformerLayer(int width, int heads, int feedForward, Activation activation, boolean preNorm, double dropout,
        double attentionDropout, double activationDropout, double epsilon) {
        this(width, heads, feedForward, activation, preNorm, dropout, attentionDropout, activationDropout, epsilon, TransformerStart.TORCH);
    }

    /** With one dropout everywhere and epsilon 1e-5, as PyTorch has it. */
    public static TransformerLayer of(int width, int heads, int feedForward, Activation activation, boolean preNorm, double dropout) {
        return new TransformerLayer(width, heads, feedForward, activation, preNorm, dropout, dropout, dropout, 1e-5);
    }

    /**
     * Self-attention and feed-forward of x [B, S, D].
     *
     * @param padding uint8 [B, S], 1 at tokens that must not be attended to; or null
     */
    public Value encode(Pass pass, Value x, Value padding, boolean causal) {
        Value y = residual(pass, "norm1", x, t -> attention().self(pass.at("self_attn"), t, padding, causal));
        return residual(pass, "norm2", y, t -> feedForward(pass, t));
    }

    /**
     * Self-attention, attention to memory [B, Sk, D] and feed-forward of x [B, Sq, D].
     *
     * @param padding uint8 [B, Sq] or null
     * @param memoryPadding uint8 [B, Sk] or null
     */
    public Value decode(Pass pass, Value x, Value memory, Value padding, Value memoryPadding, boolean causal) {
        Value y = residual(pass, "norm1", x, t -> attention().self(pass.at("self_attn"), t, padding, causal));
        Value z = residual(pass, "norm2", y, t -> attention().cross(pass.at("multihead_attn"), t, memory, memoryPadding));
        return residual(pass, "norm3", z, t -> feedForward(pass, t));
    }

    /** Keys and values that {@link #next} attends to, of memory [B, Sk, D]. */
    public KeysValues project(Pass pass, Value memory) {
        return attention().project(pass.at("multihead_attn"), memory);
    }

    /**
     * One token x [B, 1, D] more: what {@link #encode}, causal, computes for the last token, from what is known of those before it.
     *
     * @param past and {@code padding} as for {@link MultiHeadAttention#next}
     */
    public NextToken next(Pass pass, Value x, KeysValues past, Value padding) {
        List<KeysValues> added = new ArrayList<>();
        Value y = attended(pass, x, past, padding, added);
        return new NextToken(residual(pass, "norm2", y, t -> feedForward(pass, t)), added);
    }

    /**
     * One token x [B, 1, D] more: what {@link #decode}, causal, computes for the last token, from what is known of those before it.
     *
     * @param past and {@code padding} as for {@link MultiHeadAttention#next}
     * @param memory of {@link #project}
     * @param memoryPadding uint8 [B, Sk] or null
     */
    public NextToken next(Pass pass, Value x, KeysValues past, Value padding, KeysValues memory, Value memoryPadding) {
        List<KeysValues> added = new ArrayList<>();
        Value y = attended(pass, x, past, padding, added);
        Value z = residual(pass, "norm2", y, t -> attention().cross(pass.at("multihead_attn"), t, memory, memoryPadding));
        return new NextToken(residual(pass, "norm3", z, t -> feedForward(pass, t)), added);
    }

    /** The sublayer of self-attention for one token more, whose keys and values come to {@code added}. */
    private Value attended(Pass pass, Value x, KeysValues past, Value padding, List<KeysValues> added) {
        return residual(pass, "norm1", x, t -> {
            NextToken attended = attention().next(pass.at("self_attn"), t, past, padding);
            added.addAll(attended.added());
            return attended.y();
        });
    }

    private MultiHeadAttention attention() {
        return new MultiHeadAttention(width, heads, attentionDropout, start);
    }

    private Value feedForward(Pass pass, Value x) {
        Value inner = activation.apply(start.inner(width, feedForward).apply(pass.at("linear1"), x));
        return start.outer(feedForward, width).apply(pass.at("linear2"), pass.dropout(inner, activationDropout));
    }

    private Value residual(Pass pass, String norm, Value x, UnaryOperator<Value> sublayer) {
        LayerNorm layerNorm = new LayerNorm(epsilon);
        if (preNorm) {
            return Add.of(x, pass.dropout(sublayer.apply(layerNorm.apply(pass.at(norm), x)), dropout));
        }
        return layerNorm.apply(pass.at(norm), Add.of(x, pass.dropout(sublayer.apply(x), dropout)));
    }
}
