package dev.kinema.task.vidsitu;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;

/**
 * GPT-2's byte-level byte-pair encoding: 50,256 tokens, each some bytes. Text is parted into words with the space before them, numbers,
 * punctuation and white space (Radford et al. 2019), and the UTF-8 of each part is merged pair by pair. Nothing here is special: the text
 * {@code <|endoftext|>} becomes its letters.
 *
 * <p>What counts as a letter is the Java runtime's version of Unicode: of characters newer than Unicode 13 the tokens may differ between
 * runtimes, but they always stand for the same bytes.
 */
final class ByteLevelBpe {
    /** The vocabulary under the name that its later users gave it. It comes with the library, and takes a moment to build. */
    private static final Encoding GPT2 = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);

    private ByteLevelBpe() {
    }

    /** Tokens of a text that has no half of a surrogate pair. */
    static int[] encode(String text) {
        return GPT2.encodeOrdinary(text).toArray();
    }

    /** The bytes that a token stands for, which need not be whole characters. */
    static byte[] bytes(int token) {
        IntArrayList one = new IntArrayList(1);
        one.add(token);
        return GPT2.decodeBytes(one);
    }
}
