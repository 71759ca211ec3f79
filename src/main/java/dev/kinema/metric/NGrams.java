package dev.kinema.metric;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers n-grams of one to four words. An n-gram is found by the number of its first n-1 words and its last word, so that single words are
 * the only strings kept, and what is kept grows with the different n-grams, not with the texts.
 */
final class NGrams {
    static final int LONGEST = 4;
    private static final int FIRST_SLOTS = 64;
    /** Spreads keys over the table: 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming 3, section 6.4). */
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    private final Map<String, Integer> words = new HashMap<>();
    /** Open addressing with linear probing, at most half full; a gram's number is one less than its value, and 0 is a free slot. */
    private long[] keys = new long[FIRST_SLOTS];
    private int[] values = new int[FIRST_SLOTS];
    private int count;

    /** How many different n-grams were met. */
    int count() {
        return count;
    }

    /** What a text is made of; n-grams not met before are given the next numbers. */
    Counted count(String text) {
        List<String> found = Words.of(text);
        int[] word = new int[found.size()];
        for (int i = 0; i < word.length; i++) {
            Integer known = words.putIfAbsent(found.get(i), words.size());
            word[i] = known == null ? words.size() - 1 : known;
        }
        NGramBag[] bags = new NGramBag[LONGEST];
        int[] shorter = new int[word.length];
        Arrays.fill(shorter, -1);
        for (int n = 1; n <= LONGEST; n++) {
            int[] grams = new int[Math.max(0, word.length - n + 1)];
            for (int i = 0; i < grams.length; i++) {
                grams[i] = number((long) (shorter[i] + 1) << Integer.SIZE | word[i + n - 1]);
            }
            shorter = grams;
            bags[n - 1] = NGramBag.of(grams);
        }
        return new Counted(word.length, bags);
    }

    /**
     * A text as counts.
     *
     * @param words how many words it has
     * @param bags its n-grams, of one word first
     */
    record Counted(int words, NGramBag[] bags) {
    }

    private int number(long key) {
        int slot = slot(keys, values, key);
        if (values[slot] == 0) {
            if (2 * (count + 1) > keys.length) {
                grow();
                slot = slot(keys, values, key);
            }
            keys[slot] = key;
            values[slot] = ++count;
        }
        return values[slot] - 1;
    }

    private void grow() {
        long[] moreKeys = new long[2 * keys.length];
        int[] moreValues = new int[2 * keys.length];
        for (int i = 0; i < keys.length; i++) {
            if (values[i] != 0) {
                int slot = slot(moreKeys, moreValues, keys[i]);
                moreKeys[slot] = keys[i];
                moreValues[slot] = values[i];
            }
        }
        keys = moreKeys;
        values = moreValues;
    }

    private static int slot(long[] keys, int[] values, long key) {
        int slot = (int) (key * SPREAD >>> Long.numberOfLeadingZeros(keys.length) + 1);
        while (values[slot] != 0 && keys[slot] != key) {
            slot = slot + 1 & keys.length - 1;
        }
        return slot;
    }
}
