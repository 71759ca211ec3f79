package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Text to tokens and back, as the tokenizer of VidSitu's release does (transformers 3.3.1, GPT2TokenizerFast): GPT-2's byte-level
 * byte-pair encoding, and {@link AddedTokens} for verbs, role markers and padding. Added tokens part the text first, and only what is
 * between them is encoded, with all its spaces: {@code walk.01 <Arg0> man} has four tokens, of the verb, of the space after it, of the
 * marker, and of the next space and the man together. A verb that was not added becomes pieces. The end's and the padding's tokens are
 * found in text too, before all others. Any number of threads may use one.
 */
public final class RoleTokenizer {
    /** How the end's token is written. */
    public static final String END = "<|endoftext|>";

    /** What is done to the spaces of text made from tokens. */
    public enum Spaces {
        /** They stay: text that was encoded comes back to the letter. */
        KEPT,
        /** Those before punctuation and English contractions go, as is transformers' default, and so the toolkit's. */
        CLEANED_UP
    }

    /** Replaced one after the other (transformers 3.3.1, tokenization_utils_base.py, clean_up_tokenization). */
    private static final String[][] CLEAN_UP = {{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"},
        {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};

    private final AddedTokens added;
    private final TokenSplitter special;
    private final TokenSplitter ordinary;
    private final int padding;

    /**
     * With these tokens beyond GPT-2's.
     *
     * @throws KinemaException if one of them has half a surrogate pair
     */
    public RoleTokenizer(AddedTokens added) {
        added.tokens().forEach(RoleTokenizer::requireWhole);
        this.added = added;
        this.special = new TokenSplitter(List.of(END, added.padding()));
        this.ordinary = new TokenSplitter(added.tokens());
        this.padding = added.paddingId();
    }

    /** Number of tokens. */
    public int size() {
        return added.size();
    }

    /** The token at the end of a sequence. */
    public int end() {
        return AddedTokens.END;
    }

    /** The token after the end. */
    public int padding() {
        return padding;
    }

    /**
     * Tokens of a text.
     *
     * @throws KinemaException if it has half of a surrogate pair, which is no character
     */
    public int[] encode(String text) {
        requireWhole(text);
        IntStream.Builder tokens = IntStream.builder();
        IntConsumer addedPlace = place -> tokens.add(AddedTokens.FIRST + place);
        special.split(text, part -> ordinary.split(part, between -> {
            for (int token : ByteLevelBpe.encode(between)) {
                tokens.add(token);
            }
        }, addedPlace), place -> tokens.add(place == 0 ? end() : padding));
        return tokens.build().toArray();
    }

    /**
     * Tokens of a verb's sense: one if it was added, otherwise its pieces.
     *
     * @throws KinemaException if it has half of a surrogate pair
     */
    public int[] encodeVerb(String verbId) {
        if (verbId.isEmpty()) {
            throw new IllegalArgumentException("a verb without letters");
        }
        return added.id(verbId).stream().mapToObj(id -> new int[] {id}).findFirst().orElseGet(() -> encode(verbId));
    }

    /**
     * Text of tokens, without those of the end and of padding. Bytes that are no UTF-8, as tokens in an order that no text has can give,
     * become U+FFFD.
     *
     * @param tokens each below {@link #size}
     */
    public String decode(int[] tokens, Spaces spaces) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int token : tokens) {
            if (token < 0 || token >= size()) {
                throw new IllegalArgumentException("token " + token + ": there are " + size());
            }
            if (token >= AddedTokens.FIRST && token != padding) {
                bytes.writeBytes(added.tokens().get(token - AddedTokens.FIRST).getBytes(StandardCharsets.UTF_8));
            } else if (token < AddedTokens.END) {
                bytes.writeBytes(ByteLevelBpe.bytes(token));
            }
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        return spaces == Spaces.KEPT ? text : cleanedUp(text);
    }

    private static String cleanedUp(String text) {
        String clean = text;
        for (String[] replacement : CLEAN_UP) {
            clean = clean.replace(replacement[0], replacement[1]);
        }
        return clean;
    }

    /** Half a surrogate pair has no UTF-8: Java would write a question mark for it, and say nothing. */
    private static void requireWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (!Character.isSurrogatePair(text.charAt(i), i + 1 < text.length() ? text.charAt(i + 1) : 0)) {
                    throw new KinemaException("the text " + Quoted.of(text) + " has half of a surrogate pair at character " + i
                        + ", which is no character: remove it");
                }
                i++;
            }
        }
    }
}
