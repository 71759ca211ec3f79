package dev.kinema.metric;

import java.util.ArrayList;
import java.util.List;

/**
 * The words of a text as Python's {@code str.split()} finds them, by which the reference scores are defined: runs of white space part
 * words, and none is empty. White space is what Python holds for it, so a no-break space and the separators 1C to 1F count, unlike in
 * Java's {@code \s}.
 */
final class Words {
    private Words() {
    }

    static List<String> of(String text) {
        List<String> words = new ArrayList<>();
        int start = -1;
        for (int i = 0; i < text.length(); i++) {
            if (isSpace(text.charAt(i))) {
                if (start >= 0) {
                    words.add(text.substring(start, i));
                }
                start = -1;
            } else if (start < 0) {
                start = i;
            }
        }
        if (start >= 0) {
            words.add(text.substring(start));
        }
        return words;
    }

    /** Unicode's bidirectional classes WS, B and S and its category Zs; all lie in the basic plane. */
    private static boolean isSpace(char c) {
        if (c < 0x80) {
            return c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1C && c <= 0x1F;
        }
        return c == 0x85 || c == 0xA0 || c == 0x1680 || c >= 0x2000 && c <= 0x200A || c == 0x2028 || c == 0x2029 || c == 0x202F
            || c == 0x205F || c == 0x3000;
    }
}
