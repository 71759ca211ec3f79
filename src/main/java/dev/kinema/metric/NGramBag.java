package dev.kinema.metric;

import java.util.Arrays;

/**
 * How often each n-gram of one length stands in a text.
 *
 * @param grams numbers of the different n-grams, rising
 * @param counts how often each stands there
 */
record NGramBag(int[] grams, int[] counts) {
    /** Of an n-gram's number for each place of a text. */
    static NGramBag of(int[] places) {
        int[] grams = places.clone();
        Arrays.sort(grams);
        int[] counts = new int[grams.length];
        int size = 0;
        for (int gram : grams) {
            if (size == 0 || grams[size - 1] != gram) {
                grams[size++] = gram;
            }
            counts[size - 1]++;
        }
        return new NGramBag(Arrays.copyOf(grams, size), Arrays.copyOf(counts, size));
    }

    /** How often an n-gram stands in the text. */
    int count(int gram) {
        int place = Arrays.binarySearch(grams, gram);
        return place < 0 ? 0 : counts[place];
    }
}
