package dev.kinema.task.vidsitu;

import java.util.Arrays;
import java.util.List;

/**
 * What a decoder of semantic roles learns to write of an event: its verb, then its roles in the order of the verb's frame, each after its
 * marker, then the end, then padding, such as {@code walk.01 <Arg0> man in white <AScn> park <|endoftext|> <pad> ...}. There is nothing
 * before the verb, and no marker ends a role.
 */
public final class RoleSequence {
    /** Tokens of the toolkit's sequences. */
    public static final int LENGTH = 60;

    private RoleSequence() {
    }

    /** The roles as text, with a space before each marker and after it: what follows the verb. All roles are there, scored or not. */
    public static String text(List<Role> roles) {
        StringBuilder text = new StringBuilder();
        for (Role role : roles) {
            text.append(' ').append(role.code().marker()).append(' ').append(role.text());
        }
        return text.toString();
    }

    /**
     * The tokens of an event. Too many are cut, so that the end is always there.
     *
     * @param length how many come back, such as {@link #LENGTH}
     * @throws dev.kinema.KinemaException if a text has half of a surrogate pair
     */
    public static int[] of(Event event, RoleTokenizer tokenizer, int length) {
        if (length < 2) {
            throw new IllegalArgumentException(length + " tokens hold no verb and end");
        }
        int[] verb = tokenizer.encodeVerb(event.verbId());
        int[] roles = tokenizer.encode(text(event.roles()));
        int[] tokens = Arrays.copyOf(verb, verb.length + roles.length);
        System.arraycopy(roles, 0, tokens, verb.length, roles.length);
        int[] sequence = Arrays.copyOf(tokens, length);
        int said = Math.min(tokens.length, length - 1);
        sequence[said] = tokenizer.end();
        Arrays.fill(sequence, said + 1, length, tokenizer.padding());
        return sequence;
    }

    /** What a decoder is given: the verb's token, or of a verb that was not added the first piece only, as in the toolkit. */
    public static int prompt(String verbId, RoleTokenizer tokenizer) {
        return tokenizer.encodeVerb(verbId)[0];
    }
}
