package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The tokens that sequences of verbs and roles need beyond those of GPT-2's byte-level BPE, which they follow in number: a token for each
 * verb sense, two for each role that the toolkit's settings name, a separator of events, and padding, which must not be the end's token.
 */
public final class AddedTokens {
    /** Tokens of GPT-2, so the number of the first one added. */
    public static final int FIRST = 50_257;
    /** GPT-2's one special token, the end of a sequence. */
    public static final int END = 50_256;
    /** What separates events in one sequence; no released model uses it. */
    public static final String EVENT_SEPARATOR = "<EV_SEP>";
    public static final String PADDING = "<pad>";

    /** The roles of the toolkit's settings: {@code Arg5} is not among them. */
    private static final List<RoleCode> ROLES = List.of(RoleCode.ARG0, RoleCode.ARG1, RoleCode.ARG2, RoleCode.ARG3, RoleCode.ARG4,
        RoleCode.SCENE, RoleCode.LOCATION, RoleCode.PURPOSE, RoleCode.GOAL, RoleCode.DIRECTION, RoleCode.MANNER);

    private final List<String> tokens;
    private final Map<String, Integer> ids = new HashMap<>();

    private AddedTokens(String source, List<String> tokens) {
        this.tokens = List.copyOf(tokens);
        for (int i = 0; i < tokens.size(); i++) {
            if (ids.put(tokens.get(i), FIRST + i) != null || tokens.get(i).isEmpty()) {
                throw new KinemaException(source + ": token " + i + ", " + Quoted.of(tokens.get(i)) + ", is there already, or empty: remove it");
            }
        }
        if (!ids.containsKey(PADDING)) {
            throw new KinemaException(source + ": has no " + PADDING + ": add it");
        }
    }

    /** The tokens for a vocabulary of verbs. */
    public static AddedTokens of(VerbVocabulary verbs) {
        List<String> tokens = new ArrayList<>(verbs.verbs());
        for (RoleCode role : ROLES) {
            tokens.add(role.marker());
            tokens.add(role.endMarker());
        }
        tokens.add(EVENT_SEPARATOR);
        tokens.add(PADDING);
        return new AddedTokens("the vocabulary", tokens);
    }

    /**
     * Reads what {@link #write} wrote: a JSON list of tokens in their order.
     *
     * @throws KinemaException if it cannot be read, has a token twice, or none for padding
     */
    public static AddedTokens read(Path file) {
        return new AddedTokens(file.toString(), VerbVocabulary.readSymbols(file));
    }

    /** Writes a JSON list of the tokens. */
    public void write(Path file) {
        VerbVocabulary.writeSymbols(file, tokens);
    }

    /** In the order of their numbers. */
    public List<String> tokens() {
        return tokens;
    }

    /** Number of all tokens, with GPT-2's. */
    public int size() {
        return FIRST + tokens.size();
    }

    /** A token's number; empty where it is none of these. */
    public OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
