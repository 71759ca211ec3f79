package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import java.util.Optional;

/**
 * Semantic roles: a decoder writes each event's roles as text, after the verb that it is given and about what is seen of the event
 * (VidSitu's toolkit: vidsitu_code/mdl_sf_base.py, TxD).
 *
 * @param decoder TxD
 * @param tokens which ones it has
 * @param length tokens of the longest text to learn, the end included; what is longer is cut. The toolkit's 60
 * @param eventWidth of two layers that each event goes through first where there is no contextualizer; 0 for none. It must be the decoder's
 *     width: the toolkit's 1024; open in the paper
 * @param decoding how texts are written and read
 * @param tuning how it is trained
 */
public record RolesConfig(Optional<DecoderSettings> decoder, @Default("all") Tokens tokens, @Default("60") int length,
    @Default("0") int eventWidth, @Default("{}") DecodingSettings decoding, @Default("{}") TuningSettings tuning) {

    /** Which tokens there are. */
    public enum Tokens {
        /** GPT-2's 50,257 and those added for verbs, roles and padding. */
        ALL,
        /**
         * Those that are in the texts to learn, the end, padding, and one for verbs that are in none of them: what was never learned would
         * hardly be written anyway, and a small network on a small dataset need not have its rows.
         */
        SEEN
    }

    public RolesConfig {
        if (decoder.isEmpty()) {
            throw new KinemaException("roles have nothing that writes them: give decoder");
        }
        if (length < 2) {
            throw new KinemaException("length is " + length + ": it must be 2 or more, for a verb and the end");
        }
        if (eventWidth != 0 && eventWidth != decoder.get().width()) {
            throw new KinemaException("event_width is " + eventWidth + ", and the decoder's width " + decoder.get().width()
                + ": it must be the same, or 0");
        }
        requirePositions("texts to learn of length " + length, length - 1, decoder.get().maxLength());
        requirePositions("decoding of texts of up to " + decoding.maxTokens() + " tokens", decoding.decoding().positions(), decoder.get().maxLength());
    }

    private static void requirePositions(String what, int needed, int positions) {
        if (needed > positions) {
            throw new KinemaException(what + " needs " + needed + " positions, and max_length is " + positions + ": raise it, or cut the texts");
        }
    }

    /** Whether what writes texts reads events' features. */
    boolean sees() {
        return true;
    }
}
