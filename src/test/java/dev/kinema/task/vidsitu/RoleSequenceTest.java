package dev.kinema.task.vidsitu;

import static dev.kinema.task.vidsitu.RoleTokenizerTest.TOKENIZER;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.metric.GeneratedRoles;
import dev.kinema.task.vidsitu.RoleTokenizer.Spaces;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RoleSequenceTest {
    private static Event event(String verb, String... namesAndTexts) {
        Role[] roles = new Role[namesAndTexts.length / 2];
        for (int i = 0; i < roles.length; i++) {
            roles[i] = Role.of(namesAndTexts[2 * i], namesAndTexts[2 * i + 1]);
        }
        return new Event("", verb, List.of(roles), Optional.empty());
    }

    private static int[] sequence(Event event) {
        return RoleSequence.of(event, TOKENIZER, RoleSequence.LENGTH);
    }

    private static final Event WALK = event("walk.01", "Arg0 (walker)", "man in white", "ArgM (direction)", "away", "Scene of the Event",
        "park");

    @Test
    void verbThenRolesThenEndThenPadding() {
        int[] tokens = sequence(WALK);
        assertEquals(60, tokens.length);
        int[] said = TOKENIZER.encode("walk.01 <Arg0> man in white <ADir> away <AScn> park<|endoftext|>");
        assertArrayEquals(said, Arrays.copyOf(tokens, said.length));
        assertTrue(Arrays.stream(tokens, said.length, 60).allMatch(token -> token == TOKENIZER.padding()));
    }

    @Test
    void anEventWithoutRolesIsItsVerb() {
        int[] tokens = sequence(event("walk.01"));
        assertArrayEquals(new int[] {TOKENIZER.encodeVerb("walk.01")[0], TOKENIZER.end(), TOKENIZER.padding()}, Arrays.copyOf(tokens, 3));
    }

    /** " a" is one token, the space and the marker two, the verb one. */
    @Test
    void tooManyTokensAreCutBeforeTheEnd() {
        for (int count : new int[] {58, 59, 60, 61, 200}) {
            Event event = event("walk.01", "Arg0 (walker)", "a" + " a".repeat(count - 4));
            int[] all = TOKENIZER.encode("walk.01" + RoleSequence.text(event.roles()));
            assertEquals(count, all.length);
            int[] tokens = sequence(event);
            int end = Math.min(count, 59);
            assertArrayEquals(Arrays.copyOf(all, end), Arrays.copyOf(tokens, end), "of " + count);
            assertEquals(TOKENIZER.end(), tokens[end], "of " + count);
            assertEquals(count == 58 ? TOKENIZER.padding() : TOKENIZER.end(), tokens[59], "of " + count);
        }
        assertThrows(IllegalArgumentException.class, () -> RoleSequence.of(WALK, TOKENIZER, 1));
    }

    @Test
    void aVerbThatWasNotAddedIsPromptedByItsFirstPiece() {
        int[] pieces = TOKENIZER.encodeVerb("zap.01");
        assertEquals(pieces[0], RoleSequence.prompt("zap.01", TOKENIZER));
        assertEquals(TOKENIZER.encodeVerb("walk.01")[0], RoleSequence.prompt("walk.01", TOKENIZER));
        assertArrayEquals(pieces, Arrays.copyOf(sequence(event("zap.01", "Arg0 (zapper)", "man")), pieces.length));
    }

    /** What was learnt by heart is scored as what was annotated. */
    @Test
    void generatedTextIsParsedBackToRoles() {
        assertComesBack(WALK);
        assertComesBack(event("zap.01", "Arg0 (zapper)", "", "Arg1 (zapped)", "  two  spaces ", "Arg2 (with)", ""));
        assertComesBack(event("open.01", "Arg1 (thing opening)",
            "caf\u00e9\u00a0\u5317\u4eac \uD83D\uDE00\t\n x", "Arg0 (opener)", "man , 's"));
        assertEquals(Map.of("vb_id", "open.01", "Arg0", "man, woman's"),
            roles(event("open.01", "Arg0 (opener)", "man , woman 's"), Spaces.CLEANED_UP));
        // the toolkit's settings have no marker for Arg5, so it stays text
        assertEquals(Map.of("vb_id", "walk.01", "Arg4", "park <Arg5> man"),
            roles(event("walk.01", "Arg4 (end)", "park", "Arg5 (x)", "man"), Spaces.KEPT));
    }

    private static void assertComesBack(Event event) {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put(GeneratedRoles.VERB, event.verbId());
        event.roles().forEach(role -> parts.put(role.code().code(), role.text()));
        assertEquals(parts, roles(event, Spaces.KEPT));
    }

    private static Map<String, String> roles(Event event, Spaces spaces) {
        return GeneratedRoles.parse(TOKENIZER.decode(sequence(event), spaces));
    }

    @Test
    void halfASurrogatePairIsRefused() {
        assertThrows(KinemaException.class, () -> sequence(event("walk.01", "Arg0 (walker)", "man \uD83D")));
        assertThrows(KinemaException.class, () -> sequence(event("walk\uDE00", "Arg0 (walker)", "man")));
    }
}
