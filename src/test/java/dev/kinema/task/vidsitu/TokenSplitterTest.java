package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenSplitterTest {
    /** Parts of a text, tokens in brackets. */
    private static List<String> parts(List<String> tokens, String text) {
        List<String> parts = new ArrayList<>();
        new TokenSplitter(tokens).split(text, parts::add, place -> parts.add("[" + tokens.get(place) + "]"));
        return parts;
    }

    @Test
    void tokensAreFoundAnywhere() {
        List<String> tokens = List.of("<a>", "go.01");
        assertEquals(List.of(), parts(tokens, ""));
        assertEquals(List.of("none"), parts(tokens, "none"));
        assertEquals(List.of("[<a>]"), parts(tokens, "<a>"));
        assertEquals(List.of("x", "[<a>]", " y ", "[go.01]", "1"), parts(tokens, "x<a> y go.011"));
        assertEquals(List.of("[<a>]", "[<a>]", "<a"), parts(tokens, "<a><a><a"));
        assertEquals(List.of("<", "[<a>]", ">"), parts(tokens, "<<a>>"));
    }

    /** tokenizers 0.8.1, added_vocabulary.rs: of those that overlap the first found, the one with the lowest number. */
    @Test
    void ofOverlappingTokensTheOneAddedFirstIsTaken() {
        assertEquals(List.of("re", "[wind.01]"), parts(List.of("wind.01", "rewind.01"), "rewind.01"));
        assertEquals(List.of("[rewind.01]"), parts(List.of("rewind.01", "wind.01"), "rewind.01"));
        assertEquals(List.of("[ab]", "c"), parts(List.of("ab", "abc"), "abc"));
        assertEquals(List.of("[abc]"), parts(List.of("abc", "ab"), "abc"));
        assertEquals(List.of("[ab]", "[cd]"), parts(List.of("cd", "ab", "bc"), "abcd"));
        // bc is looked at before cd is, which does not overlap ab
        assertEquals(List.of("a", "[bc]", "d"), parts(List.of("cd", "bc", "ab"), "abcd"));
        assertEquals(List.of("a", "[ab]", "b"), parts(List.of("ab", "aabb"), "aabb"));
        // of two that start together the one added first says how far others are looked at
        assertEquals(List.of("ab", "[cde]"), parts(List.of("cde", "abcd", "ab"), "abcde"));
    }

    /** A token that overlaps itself is searched for behind where it was found, even if it is then not taken there. */
    @Test
    void aTokenDoesNotOverlapItself() {
        assertEquals(List.of("[aa]", "a"), parts(List.of("aa"), "aaa"));
        assertEquals(List.of("[aa]", "[aa]"), parts(List.of("aa"), "aaaa"));
        assertEquals(List.of("[xa]", "aa"), parts(List.of("xa", "aa"), "xaaa"));
    }
}
