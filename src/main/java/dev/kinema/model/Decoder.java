package dev.kinema.model;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Select;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.model.ContextualizerConfig.Positions;
import dev.kinema.nn.Embedding;
import dev.kinema.nn.KeysValues;
import dev.kinema.nn.Linear;
import dev.kinema.nn.NextToken;
import dev.kinema.nn.Pass;
import dev.kinema.nn.TransformerDecoder;
import dev.kinema.nn.TransformerLayer;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The decoder TxD: from an event's memory, one or more tokens [B, M, width] such as its feature in context, to a text of tokens. All texts
 * of a batch are decoded independently; pads stand at their ends only.
 *
 * <p>Variables {@code tokens.weight} [vocabulary, width], {@code positions.weight} [maxLength, width], as in PyTorch's TransformerDecoder
 * {@code decoder.layers.0.self_attn.in_proj_weight} and so on, {@code bottleneck.weight} [bottleneck, width] and {@code output.weight}
 * [vocabulary, bottleneck], both without bias.
 */
public record Decoder(DecoderConfig config) implements TextModel {

    /** Names of the inputs that {@link #texts} declares. */
    public static final String TOKENS = "tokens";
    public static final String PADDING = "padding";
    public static final String TARGETS = "targets";
    public static final String ASKED = "asked";

    /**
     * What teacher forcing reads and asks for, of B texts.
     *
     * @param tokens int32 [B, S], each text without its last token
     * @param padding uint8 [B, S], 1 where {@code tokens} is pad
     * @param targets int32, what is asked for, pad for nothing: [B, S], each text without its first token; or [K] at the places {@code asked}
     * @param asked int32 [K], which of the B * S places something is asked for at; or null for all. Logits of a place take as many numbers
     *     as there are tokens, and half of the places or more are pads
     */
    public record Texts(Value tokens, Value padding, Value targets, Value asked) {

        /**
         * Mean cross-entropy [] at all places where something is asked for.
         *
         * @param states [B, S, width], of which {@code output} makes logits
         * @param pad the target that counts neither in the sum nor in the mean
         */
        Value loss(Value states, UnaryOperator<Value> output, int pad) {
            Value rows = Reshape.of(states, Shape.of((int) states.shape().rows(), states.shape().last()));
            Value logits = output.apply(asked == null ? rows : Gather.of(rows, asked, 0));
            return SoftmaxCrossEntropy.of(logits, Reshape.of(targets, Shape.of(logits.shape().dim(0))), pad, 0);
        }
    }

    /** Texts as inputs of the graph, with S = {@code length}: one less than the longest text has tokens. */
    public static Texts texts(Graph graph, int batch, int length) {
        Shape shape = Shape.of(batch, length);
        return new Texts(graph.input(TOKENS, DType.I32, shape), graph.input(PADDING, DType.U8, shape),
            graph.input(TARGETS, DType.I32, shape), null);
    }

    /**
     * The same, asked for at some places only.
     *
     * @param asked how many: at least the tokens of all texts of a batch but their first ones
     */
    public static Texts texts(Graph graph, int batch, int length, int asked) {
        Shape shape = Shape.of(batch, length);
        return new Texts(graph.input(TOKENS, DType.I32, shape), graph.input(PADDING, DType.U8, shape),
            graph.input(TARGETS, DType.I32, Shape.of(asked)), graph.input(ASKED, DType.I32, Shape.of(asked)));
    }

    /**
     * Teacher forcing: mean cross-entropy [] of each text's next tokens given those before and memory [B, M, width], where targets that are
     * pad count neither in the sum nor in the mean.
     *
     * @param memoryPadding uint8 [B, M], 1 at tokens of the memory that must not be attended to; or null
     */
    public Value loss(Pass pass, Texts texts, Value memory, Value memoryPadding) {
        Value states = states(pass, texts.tokens(), texts.padding(), memory, memoryPadding);
        return texts.loss(states, y -> output(pass, y), config.pad());
    }

    /**
     * Logits of the next token [B, S, vocabulary] after each of tokens int32 [B, S].
     *
     * @param padding uint8 [B, S], 1 where a token is pad; or null if none is
     * @throws KinemaException if the sequence is longer than the positions, or the memory has another width
     */
    public Value logits(Pass pass, Value tokens, Value padding, Value memory, Value memoryPadding) {
        return output(pass, states(pass, tokens, padding, memory, memoryPadding));
    }

    private Value states(Pass pass, Value tokens, Value padding, Value memory, Value memoryPadding) {
        requireWidth(memory);
        int length = tokens.shape().dim(1);
        if (length > config.maxLength()) {
            throw new KinemaException("a text of " + length + " tokens is longer than the decoder's " + config.maxLength()
                + " positions: cut it, or set maxLength");
        }
        Value x = scaledTokens(pass, tokens);
        if (config.positions() != Positions.NONE) {
            Value table = positions(pass);
            x = Add.of(x, length == config.maxLength() ? table : Slice.of(table, 0, 0, length));
        }
        if (padding != null) {
            x = Select.of(padding, Fill.of(pass.graph(), x.shape(), 0), x);
        }
        x = pass.dropout(x, config.dropout());
        return stack().apply(pass.at("decoder"), x, memory, padding, memoryPadding);
    }

    /** What {@link #next} reads of memory [B, M, width], one pair per layer: computed once for a text. */
    public List<KeysValues> project(Pass pass, Value memory) {
        requireWidth(memory);
        return stack().project(pass.at("decoder"), memory);
    }

    /**
     * One token more in each of B texts, with what is known of the tokens before it.
     *
     * @param token int32 [B]
     * @param position int32 [B], its place in the text, from 0
     * @param past keys and values [B, P, width] in each layer of the tokens before it, in any order
     * @param padding uint8 [B, P + 1], 1 at places of {@code past} that hold no token; the last is the token itself
     * @param memory of {@link #project}
     * @return as {@code y} the logits of the next token [B, vocabulary]
     */
    public NextToken next(Pass pass, Value token, Value position, List<KeysValues> past, Value padding, List<KeysValues> memory,
        Value memoryPadding) {
        Value x = scaledTokens(pass, token);
        if (config.positions() != Positions.NONE) {
            x = Add.of(x, Gather.of(positions(pass), position, 0));
        }
        int batch = x.shape().dim(0);
        NextToken next = stack().next(pass.at("decoder"), Reshape.of(x, Shape.of(batch, 1, config.width())), past, padding, memory,
            memoryPadding);
        return new NextToken(Reshape.of(output(pass, next.y()), Shape.of(batch, config.vocabulary())), next.added());
    }

    private void requireWidth(Value memory) {
        if (memory.shape().rank() != 3 || memory.shape().last() != config.width()) {
            throw new KinemaException("the decoder reads a memory [B, M, " + config.width() + "], got " + memory.type());
        }
    }

    private TransformerDecoder stack() {
        TransformerLayer layer = new TransformerLayer(config.width(), config.heads(), config.feedForward(), config.activation(),
            config.preNorm(), config.dropout(), config.attentionDropout(), config.activationDropout(), config.normEpsilon());
        return new TransformerDecoder(layer, config.layers(), config.finalNorm());
    }

    private Value scaledTokens(Pass pass, Value tokens) {
        Initializer start = new Initializer.Normal(config.tokenStd());
        Value x = new Embedding(config.vocabulary(), config.width(), start).apply(pass.at("tokens"), tokens);
        return config.inputScale() == 1 ? x : Scale.of(x, config.inputScale());
    }

    private Value positions(Pass pass) {
        Pass here = pass.at("positions");
        if (config.positions() == Positions.LEARNED) {
            return new Embedding(config.maxLength(), config.width(), new Initializer.Normal(config.positionStd())).table(here);
        }
        int first = config.positionsAfterPad() ? config.pad() + 1 : 0;
        return here.state("weight", DType.F32, Shape.of(config.maxLength(), config.width()),
            new Initializer.Sinusoid(config.width(), first));
    }

    /** The bottleneck starts Xavier-uniform, the vocabulary normal with variance 1 / inputs: fairseq's adaptive input and output. */
    private Value output(Pass pass, Value y) {
        int inner = config.bottleneck() > 0 ? config.bottleneck() : config.width();
        Value narrow = y;
        if (config.bottleneck() > 0) {
            Initializer xavier = new Initializer.Uniform(Math.sqrt(6.0 / (config.width() + inner)));
            narrow = new Linear(config.width(), inner, false, xavier, Initializer.ZEROS).apply(pass.at("bottleneck"), y);
        }
        Initializer normal = new Initializer.Normal(1 / Math.sqrt(inner));
        return new Linear(inner, config.vocabulary(), false, normal, Initializer.ZEROS).apply(pass.at("output"), narrow);
    }
}
