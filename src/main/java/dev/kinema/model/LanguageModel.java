package dev.kinema.model;

import dev.kinema.KinemaException;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Slice;
import dev.kinema.nn.Activation;
import dev.kinema.nn.Embedding;
import dev.kinema.nn.KeysValues;
import dev.kinema.nn.NextToken;
import dev.kinema.nn.Pass;
import dev.kinema.nn.TransformerEncoder;
import dev.kinema.nn.TransformerLayer;
import dev.kinema.nn.TransformerStart;
import java.util.List;

/**
 * GPT-2: a stack of causal transformer layers over texts of tokens and nothing else, with layer norm before each sublayer and at the end.
 * All texts of a batch are read independently; pads stand at their ends only.
 *
 * <p>Variables {@code tokens.weight} [vocabulary, width], which is both the token table and what next tokens are told apart by,
 * {@code positions.weight} [maxLength, width], as in PyTorch's TransformerEncoder {@code decoder.layers.0.self_attn.in_proj_weight} and so
 * on, and {@code decoder.norm.weight} and {@code .bias}.
 */
public record LanguageModel(LanguageModelConfig config) implements TextModel {

    /**
     * Teacher forcing: mean cross-entropy [] of each text's next tokens given those before, where targets that are pad count neither in the
     * sum nor in the mean.
     *
     * @param texts of {@link Decoder#texts}
     */
    public Value loss(Pass pass, Decoder.Texts texts) {
        return texts.loss(states(pass, texts.tokens(), texts.padding()), y -> output(pass, y), config.pad());
    }

    /**
     * Logits of the next token [B, S, vocabulary] after each of tokens int32 [B, S].
     *
     * @param padding uint8 [B, S], 1 where a token is pad; or null if none is
     * @throws KinemaException if the sequence is longer than the positions
     */
    public Value logits(Pass pass, Value tokens, Value padding) {
        return output(pass, states(pass, tokens, padding));
    }

    private Value states(Pass pass, Value tokens, Value padding) {
        int length = tokens.shape().dim(1);
        if (length > config.maxLength()) {
            throw new KinemaException("a text of " + length + " tokens is longer than the language model's " + config.maxLength()
                + " positions: cut it, or set maxLength");
        }
        Value positions = positions(pass);
        Value x = Add.of(Gather.of(table(pass), tokens, 0),
            length == config.maxLength() ? positions : Slice.of(positions, 0, 0, length));
        return stack().apply(pass.at("decoder"), pass.dropout(x, config.dropout()), padding, true);
    }

    /**
     * One token more in each of B texts, with what is known of the tokens before it.
     *
     * @param token int32 [B]
     * @param position int32 [B], its place in the text, from 0
     * @param past keys and values [B, P, width] in each layer of the tokens before it, in any order
     * @param padding uint8 [B, P + 1], 1 at places of {@code past} that hold no token; the last is the token itself
     * @return as {@code y} the logits of the next token [B, vocabulary]
     */
    public NextToken next(Pass pass, Value token, Value position, List<KeysValues> past, Value padding) {
        Value x = Add.of(Gather.of(table(pass), token, 0), Gather.of(positions(pass), position, 0));
        int batch = x.shape().dim(0);
        NextToken next = stack().next(pass.at("decoder"), Reshape.of(x, Shape.of(batch, 1, config.width())), past, padding);
        return new NextToken(Reshape.of(output(pass, next.y()), Shape.of(batch, config.vocabulary())), next.added());
    }

    private TransformerEncoder stack() {
        TransformerStart start = TransformerStart.Normal.scaled(config.initialStd(), config.layers());
        TransformerLayer layer = new TransformerLayer(config.width(), config.heads(), config.feedForward(), Activation.GELU_TANH, true,
            config.dropout(), config.attentionDropout(), 0, config.normEpsilon(), start);
        return new TransformerEncoder(layer, config.layers(), true);
    }

    private Value table(Pass pass) {
        return new Embedding(config.vocabulary(), config.width(), normal()).table(pass.at("tokens"));
    }

    private Value positions(Pass pass) {
        return new Embedding(config.maxLength(), config.width(), normal()).table(pass.at("positions"));
    }

    private Initializer normal() {
        return new Initializer.Normal(config.initialStd());
    }

    private Value output(Pass pass, Value y) {
        return Linear.of(y, table(pass), null);
    }
}
