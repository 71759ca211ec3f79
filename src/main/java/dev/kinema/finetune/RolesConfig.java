package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import java.util.Optional;

/**
 * Semantic roles: each event's roles as a text that begins with its verb, written by a decoder that is told what is seen of the event
 * (VidSitu's toolkit: vidsitu_code/mdl_sf_base.py, TxD), or by a language model that knows the verb only.
 *
 * @param decoder TxD; empty for a language model
 * @param languageModel the text-only baseline; empty for a decoder
 * @param tokens which ones it has
 * @param length tokens of the longest text to learn, the end included; what is longer is cut. The toolkit's 60
 * @param eventWidth of two layers that each event goes through first where there is no contextualizer; 0 for none. It must be the decoder's
 *     width: the toolkit's 1024; open in the paper
 * @param decoding how texts are written and read
 * @param tuning how it is trained
 */
public record RolesConfig(Optional<DecoderSettings> decoder, Optional<LanguageModelStart> languageModel, @Default("all") Tokens tokens,
    @Default("60") int length, @Default("0") int eventWidth, @Default("{}") DecodingSettings decoding,
    @Default("{}") TuningSettings tuning) {

    /** Which tokens there are. */
    public enum Tokens {
        /** GPT-2's 50,257 and those added for verbs, roles and padding. */
        ALL,
        /**
         * Those that are in the texts to learn, the end, padding, and one for verbs that are in none of them: what was never learned would
         * hardly be written anyway, and a small network on a small dataset need not have its rows. Padding has another number then, and
         * so have positions that are counted from there.
         */
        SEEN
    }

    public RolesConfig {
        if (decoder.isPresent() == languageModel.isPresent()) {
            throw new KinemaException("roles are written by a decoder or by a language_model: give one of the two");
        }
        if (length < 2) {
            throw new KinemaException("length is " + length + ": it must be 2 or more, for a verb and the end");
        }
        if (decoder.isPresent()) {
            requireWidth(eventWidth, decoder.get().width());
            requirePositions(length, decoding, decoder.get().maxLength());
        } else if (eventWidth != 0) {
            throw new KinemaException("event_width is " + eventWidth + ", and a language model sees no events: leave it out");
        }
        languageModel.flatMap(LanguageModelStart::network).ifPresent(network -> requirePositions(length, decoding, network.maxLength()));
        if (tokens == Tokens.SEEN && languageModel.flatMap(LanguageModelStart::weights).isPresent()) {
            throw new KinemaException("tokens is seen, and the language model's weights are for all of GPT-2's: set tokens to all, or draw"
                + " the network at random");
        }
    }

    private static void requireWidth(int eventWidth, int width) {
        if (eventWidth != 0 && eventWidth != width) {
            throw new KinemaException("event_width is " + eventWidth + ", and the decoder's width " + width + ": it must be the"
                + " same, or 0");
        }
    }

    private static void requirePositions(int length, DecodingSettings decoding, int positions) {
        if (length - 1 > positions) {
            throw new KinemaException("length is " + length + ", which needs " + (length - 1) + " positions, and max_length is "
                + positions + ": raise it, or cut the texts");
        }
        int needed = decoding.decoding().positions();
        if (needed > positions) {
            throw new KinemaException("decoding goes on for " + decoding.maxTokens() + " tokens, which needs " + needed
                + " positions, and max_length is " + positions + ": raise it, or lower max_tokens");
        }
    }

    /** Whether what writes texts reads events' features. */
    boolean sees() {
        return decoder.isPresent();
    }
}
