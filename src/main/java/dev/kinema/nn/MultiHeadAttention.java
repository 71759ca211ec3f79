package dev.kinema.nn;

import dev.kinema.KinemaException;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Slice;
import java.util.List;

/**
 * Multi-head attention with its projections (Vaswani et al., arXiv:1706.03762, section 3.2.2) in PyTorch's layout: {@code in_proj_weight}
 * [3D, D] holds those of queries, keys and values stacked, {@code in_proj_bias} [3D], {@code out_proj.weight} [D, D], {@code out_proj.bias} [D].
 *
 * @param dropout probability by which attention weights are dropped in training
 * @param start what the projections start with
 */
public record MultiHeadAttention(int width, int heads, double dropout, TransformerStart start) {
    public MultiHeadAttention {
        if (heads < 1 || width % heads != 0) {
            throw new KinemaException(heads + " attention heads do not divide a width of " + width + ": choose a divisor");
        }
    }

    /** Starting as in PyTorch. */
    public MultiHeadAttention(int width, int heads, double dropout) {
        this(width, heads, dropout, TransformerStart.TORCH);
    }

    /**
     * Attention of x [B, S, D] to itself.
     *
     * @param padding uint8 [B, S], 1 at keys that must not be attended to; or null
     * @param causal whether position i sees only positions up to i
     */
    public Value self(Pass pass, Value x, Value padding, boolean causal) {
        Value qkv = dev.kinema.graph.op.Linear.of(x, weight(pass), bias(pass));
        return attend(pass, Slice.of(qkv, 2, 0, width), Slice.of(qkv, 2, width, width), Slice.of(qkv, 2, 2 * width, width), padding, causal);
    }

    /** Attention of x [B, Sq, D] to memory [B, Sk, D]; {@code padding} uint8 [B, Sk] or null. */
    public Value cross(Pass pass, Value x, Value memory, Value padding) {
        return cross(pass, x, project(pass, memory), padding);
    }

    /** The same to a memory that is projected already. */
    public Value cross(Pass pass, Value x, KeysValues memory, Value padding) {
        Value q = dev.kinema.graph.op.Linear.of(x, Slice.of(weight(pass), 0, 0, width), Slice.of(bias(pass), 0, 0, width));
        return attend(pass, q, memory.keys(), memory.values(), padding, false);
    }

    /** Keys and values of memory [B, Sk, D]. */
    public KeysValues project(Pass pass, Value memory) {
        Value kv = dev.kinema.graph.op.Linear.of(memory, Slice.of(weight(pass), 0, width, 2 * width),
            Slice.of(bias(pass), 0, width, 2 * width));
        return new KeysValues(Slice.of(kv, 2, 0, width), Slice.of(kv, 2, width, width));
    }

    /**
     * Self-attention of the token x [B, 1, D] that follows others: what {@link #self} computes, causal, for the last of them all.
     *
     * @param past keys and values [B, P, D] of the tokens before it
     * @param padding uint8 [B, P + 1], 1 at places of {@code past} that hold no token; the last is the token itself
     */
    public NextToken next(Pass pass, Value x, KeysValues past, Value padding) {
        Value qkv = dev.kinema.graph.op.Linear.of(x, weight(pass), bias(pass));
        KeysValues added = new KeysValues(Slice.of(qkv, 2, width, width), Slice.of(qkv, 2, 2 * width, width));
        Value keys = Concat.of(1, past.keys(), added.keys());
        Value values = Concat.of(1, past.values(), added.values());
        return new NextToken(attend(pass, Slice.of(qkv, 2, 0, width), keys, values, padding, false), List.of(added));
    }

    private Value weight(Pass pass) {
        return pass.parameter("in_proj_weight", Shape.of(3 * width, width), start.projections(width));
    }

    private Value bias(Pass pass) {
        return pass.parameter("in_proj_bias", Shape.of(3 * width), Initializer.ZEROS);
    }

    private Value attend(Pass pass, Value q, Value k, Value v, Value padding, boolean causal) {
        Value y = pass.training() && dropout > 0 ? Attention.of(q, k, v, padding, heads, causal, dropout, pass.random())
            : Attention.of(q, k, v, padding, heads, causal);
        return start.attended(width).apply(pass.at("out_proj"), y);
    }
}
