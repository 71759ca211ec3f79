package dev.kinema.task.vidsitu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Finds whole tokens in text, wherever they stand, also inside of words. Where some overlap, the one that was added first is taken, even
 * if another begins earlier or is longer: so does version 0.8.1 of the tokenizers library, which made the release's vocabulary. (Later
 * versions take the first in the text, and the longest of those.)
 */
final class TokenSplitter {
    private final List<String> tokens;
    /** All tokens as paths of characters. */
    private final Node root = new Node();

    private static final class Node {
        private final Map<Character, Node> next = new HashMap<>();
        /** Place of the token that ends here; -1 if none does. */
        private int place = -1;
    }

    /** Where a token stands: characters {@code start} to {@code end}, the last one excluded. */
    private record Match(int place, int start, int end) {
    }

    /** For tokens in the order in which they were added. */
    TokenSplitter(List<String> tokens) {
        this.tokens = List.copyOf(tokens);
        for (int place = 0; place < tokens.size(); place++) {
            Node node = root;
            for (char c : tokens.get(place).toCharArray()) {
                node = node.next.computeIfAbsent(c, key -> new Node());
            }
            node.place = place;
        }
    }

    /**
     * Parts a text, from left to right.
     *
     * @param between takes what is between tokens, which is never empty
     * @param token takes the places of tokens in their list
     */
    void split(String text, Consumer<String> between, IntConsumer token) {
        List<Match> matches = matches(text);
        int done = 0;
        for (int i = 0; i < matches.size(); i++) {
            Match match = matches.get(i);
            if (match.start < done) {
                continue;
            }
            for (int j = i + 1; j < matches.size() && matches.get(j).start < matches.get(i).end; j++) {
                if (matches.get(j).place < match.place) {
                    match = matches.get(j);
                }
            }
            if (match.start > done) {
                between.accept(text.substring(done, match.start));
            }
            token.accept(match.place);
            done = match.end;
        }
        if (done < text.length()) {
            between.accept(text.substring(done));
        }
    }

    /** All places where tokens stand, by where they start, then by place. Those of one token do not overlap. */
    private List<Match> matches(String text) {
        List<Match> matches = new ArrayList<>();
        int[] ends = null;
        for (int start = 0; start < text.length(); start++) {
            Node node = root.next.get(text.charAt(start));
            int first = matches.size();
            for (int end = start + 1; node != null; end++) {
                if (node.place >= 0) {
                    ends = ends == null ? new int[tokens.size()] : ends;
                    if (start >= ends[node.place]) {
                        matches.add(new Match(node.place, start, end));
                        ends[node.place] = end;
                    }
                }
                node = end < text.length() ? node.next.get(text.charAt(end)) : null;
            }
            if (matches.size() > first + 1) {
                matches.subList(first, matches.size()).sort(Comparator.comparingInt(Match::place));
            }
        }
        return matches;
    }
}
