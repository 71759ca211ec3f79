package dev.kinema.task.vidsitu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

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
    /** How padding is written where a vocabulary does not say otherwise. */
    public static final String PADDING = "<pad>";

    private static final String PADDING_KEY = "padding";

    /** The roles of the toolkit's settings: {@code Arg5} is not among them. */
    private static final List<RoleCode> ROLES = List.of(RoleCode.ARG0, RoleCode.ARG1, RoleCode.ARG2, RoleCode.ARG3, RoleCode.ARG4,
        RoleCode.SCENE, RoleCode.LOCATION, RoleCode.PURPOSE, RoleCode.GOAL, RoleCode.DIRECTION, RoleCode.MANNER);

    private final List<String> tokens;
    private final Map<String, Integer> ids = new HashMap<>();

    private final String padding;

    private AddedTokens(String source, List<String> tokens, String padding) {
        this.tokens = List.copyOf(tokens);
        this.padding = padding;
        for (int i = 0; i < tokens.size(); i++) {
            if (ids.put(tokens.get(i), FIRST + i) != null || tokens.get(i).isEmpty()) {
                throw new KinemaException(source + ": token " + i + ", " + Quoted.of(tokens.get(i)) + ", is there already, or empty: remove it");
            }
        }
        if (!ids.containsKey(padding)) {
            throw new KinemaException(source + ": has no " + Quoted.of(padding) + " for padding: add it");
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
        return new AddedTokens("the vocabulary", tokens, PADDING);
    }

    /** These tokens in this order, of which {@code padding} must be one. */
    static AddedTokens of(String source, List<String> tokens, String padding) {
        return new AddedTokens(source, tokens, padding);
    }

    /**
     * Reads the release's {@code bpe_with_seps_vb_arg_vocab.pkl}, a pickled tokenizer of transformers, as data: nothing in it is executed.
     *
     * @throws KinemaException if it holds anything else, its tokens do not follow GPT-2's without a gap, or none is for padding
     */
    public static AddedTokens readPickle(Path file) {
        return TokenizerPickle.read(file);
    }

    /**
     * Reads what {@link #write} wrote: a JSON list of tokens in their order, and where padding is not written {@link #PADDING} at any place
     * of the list an object that says how, such as <code>{"padding": "[PAD]"}</code>.
     *
     * @throws KinemaException if it cannot be read, has a token twice, or none for padding
     */
    public static AddedTokens read(Path file) {
        List<String> tokens = new ArrayList<>();
        List<String> paddings = new ArrayList<>();
        JsonRecords.read(file, Strictness.STRICT, element -> {
            boolean object = element.value() instanceof JsonObject o && o.size() == 1 && o.has(PADDING_KEY) && paddings.isEmpty();
            JsonElement text = object ? element.value().getAsJsonObject().get(PADDING_KEY) : element.value();
            if (!(text instanceof JsonPrimitive primitive) || !primitive.isString() || element.doubled() != null) {
                throw new KinemaException(file + ", token " + element.number() + ": is no text: " + JsonRecords.REMEDY);
            }
            (object ? paddings : tokens).add(primitive.getAsString());
        });
        return new AddedTokens(file.toString(), tokens, paddings.isEmpty() ? PADDING : paddings.get(0));
    }

    /** Writes what {@link #read} reads. */
    public void write(Path file) {
        VerbVocabulary.writeSymbols(file, tokens, padding.equals(PADDING) ? Map.of() : Map.of(PADDING_KEY, padding));
    }

    /** Those that are no verb of a vocabulary, no role's mark, no separator of events, and not padding. */
    public List<String> beside(VerbVocabulary verbs) {
        AddedTokens known = of(verbs);
        return tokens.stream().filter(token -> !known.ids.containsKey(token) && !token.equals(padding)).toList();
    }

    /** Verbs of a vocabulary, and marks of roles, that are none of these: texts have them in pieces. */
    public List<String> lacking(VerbVocabulary verbs) {
        Set<String> optional = Set.of(PADDING, EVENT_SEPARATOR);
        return of(verbs).tokens.stream().filter(token -> !ids.containsKey(token) && !optional.contains(token)).toList();
    }

    /** How padding is written. */
    public String padding() {
        return padding;
    }

    /** The number of padding's token. */
    public int paddingId() {
        return ids.get(padding);
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
