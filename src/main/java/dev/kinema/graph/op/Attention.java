package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * Multi-head attention without its projections (Vaswani et al., arXiv:1706.03762, section 3.2): softmax(q k^T / sqrt(d)) v per head, with
 * q [B, Sq, D], k and v [B, Sk, D], head h being columns h*d to (h+1)*d, d = D / heads.
 *
 * <p>Where {@code masked}, a fourth input uint8 [B, Sk] is 1 at keys that must not be attended to. {@code causal}: query i sees keys
 * up to i + Sk - Sq. A query that sees no key yields zeros. With {@code dropout} > 0 the last input is the random state int64 [2] (seed,
 * step) and the probabilities are dropped by the stream {@code salt}, element index ((b * heads + h) * Sq + i) * Sk + j.
 * Outputs y [B, Sq, D] and the logarithm of each row's sum of exponentials [B, heads, Sq] (0 for a row that sees no key).
 */
public record Attention(int heads, boolean causal, boolean masked, double dropout, int salt) implements Op {

    /** @param mask uint8 [B, Sk], or null */
    public static Value of(Value q, Value k, Value v, Value mask, int heads, boolean causal) {
        return q.graph().append(new Attention(heads, causal, mask != null, 0, 0),
            mask == null ? List.of(q, k, v) : List.of(q, k, v, mask)).output(0);
    }

    /** The same with dropout of probabilities drawn from {@code random}, int64 [2]. */
    public static Value of(Value q, Value k, Value v, Value mask, int heads, boolean causal, double dropout, Value random) {
        if (dropout == 0) {
            return of(q, k, v, mask, heads, causal);
        }
        Attention op = new Attention(heads, causal, mask != null, dropout, Dropout.salt(q.graph()));
        return q.graph().append(op, mask == null ? List.of(q, k, v, random) : List.of(q, k, v, mask, random)).output(0);
    }

    int extras() {
        return (masked ? 1 : 0) + (dropout > 0 ? 1 : 0);
    }

    static void check(Op op, Attention a, List<Type> in, int first) {
        for (int i = 0; i < 3; i++) {
            Require.rank(op, "qkv".charAt(i) + "", in.get(first + i), 3);
            Require.dtype(op, "qkv".charAt(i) + "", in.get(first + i), DType.F32);
        }
        Shape q = in.get(first).shape();
        Shape k = in.get(first + 1).shape();
        Require.that(op, a.heads > 0 && q.dim(2) % a.heads == 0, a.heads + " heads do not divide a width of " + q.dim(2));
        Require.that(op, a.dropout >= 0 && a.dropout < 1, "dropout must be in [0, 1), got " + a.dropout);
        Require.that(op, q.dim(0) == k.dim(0) && q.dim(2) == k.dim(2), "q and k do not match: " + q + ", " + k);
        Require.shape(op, "v", in.get(first + 2), k);
        int next = in.size() - a.extras();
        if (a.masked) {
            Require.dtype(op, "mask", in.get(next), DType.U8);
            Require.shape(op, "mask", in.get(next++), Shape.of(k.dim(0), k.dim(1)));
        }
        if (a.dropout > 0) {
            Dropout.checkRandom(op, in.get(next));
        }
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3 + extras());
        check(this, this, in, 0);
        Shape q = in.get(0).shape();
        return List.of(Type.f32(q), Type.f32(q.dim(0), heads, q.dim(1)));
    }

    @Override
    public Value[] gradient(Backward b) {
        List<Value> in = new ArrayList<>(List.of(b.grad(), b.in(0), b.in(1), b.in(2), b.out(0), b.out(1)));
        for (int i = 3; i < b.inputs(); i++) {
            in.add(b.in(i));
        }
        Node node = b.graph().append(new AttentionGradient(this), in);
        Value[] back = new Value[b.inputs()];
        for (int i = 0; i < 3; i++) {
            back[i] = node.output(i);
        }
        return back;
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 4 * in.get(0).shape().elements() * in.get(1).shape().dim(1);
    }
}
