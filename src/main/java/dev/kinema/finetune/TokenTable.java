package dev.kinema.finetune;

import dev.kinema.task.vidsitu.RoleTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Which of a tokenizer's tokens a network has, and under which numbers. */
final class TokenTable {
    /** The tokenizer's token under each number. */
    private final int[] tokens;
    /** The number of each of the tokenizer's tokens. */
    private final int[] numbers;
    private final int pad;
    private final int end;

    /** @param other number of all tokens that are not among these */
    private TokenTable(RoleTokenizer tokenizer, int[] tokens, int other) {
        this.tokens = tokens;
        numbers = new int[tokenizer.size()];
        Arrays.fill(numbers, other);
        for (int i = 0; i < tokens.length; i++) {
            if (i != other) {
                numbers[tokens[i]] = i;
            }
        }
        pad = numbers[tokenizer.padding()];
        end = numbers[tokenizer.end()];
    }

    /** All of them, under their own numbers. */
    static TokenTable all(RoleTokenizer tokenizer) {
        return new TokenTable(tokenizer, IntStream.range(0, tokenizer.size()).toArray(), -1);
    }

    /** Those of some texts in their order, among them the end; then one for all others; then padding. */
    static TokenTable seen(RoleTokenizer tokenizer, List<int[]> texts) {
        TreeSet<Integer> seen = new TreeSet<>();
        texts.forEach(text -> Arrays.stream(text).forEach(seen::add));
        seen.add(tokenizer.end());
        seen.remove(tokenizer.padding());
        int[] tokens = Arrays.copyOf(seen.stream().mapToInt(Integer::intValue).toArray(), seen.size() + 2);
        // nothing is known of the others but that they were there: written, they say nothing, and the tokenizer reads nothing from padding
        Arrays.fill(tokens, seen.size(), tokens.length, tokenizer.padding());
        return new TokenTable(tokenizer, tokens, seen.size());
    }

    /** How many there are. */
    int size() {
        return tokens.length;
    }

    int pad() {
        return pad;
    }

    int end() {
        return end;
    }

    /** From the tokenizer's numbers to these. */
    int[] numbers(int... text) {
        return Arrays.stream(text).map(token -> numbers[token]).toArray();
    }

    /** From these numbers to the tokenizer's. */
    int[] tokens(List<Integer> text) {
        return text.stream().mapToInt(number -> tokens[number]).toArray();
    }
}
