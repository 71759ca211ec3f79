package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleFile;
import dev.kinema.checkpoint.PickledObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The release's {@code bpe_with_seps_vb_arg_vocab.pkl}, a pickled tokenizer of transformers 3.3.1, read as data. Its fast tokenizers wrap
 * one of the tokenizers library, whose state is the bytes of a JSON text ({@link TokenizerState}); the slow ones have a dictionary,
 * {@code added_tokens_encoder}. Which tokens are flagged as special is not looked at: here those of the end and of padding are.
 */
final class TokenizerPickle {
    /** The tokenizers themselves, under the names that their versions 3 and 4 have. */
    private static final Set<String> TOKENIZERS = Set.of("transformers.tokenization_gpt2.GPT2TokenizerFast",
        "transformers.tokenization_gpt2.GPT2Tokenizer", "transformers.models.gpt2.tokenization_gpt2_fast.GPT2TokenizerFast",
        "transformers.models.gpt2.tokenization_gpt2.GPT2Tokenizer");
    private static final String WRAPPER = "tokenizers.implementations.byte_level_bpe.ByteLevelBPETokenizer";
    private static final String BACKEND = "tokenizers.Tokenizer";
    private static final String TOKEN = "tokenizers.AddedToken";
    /** What the backend is made with before its state is set. */
    private static final Set<String> MODELS = Set.of("tokenizers.models.Model", "tokenizers.models.BPE");
    private static final String REMEDY = "name the release's bpe_with_seps_vb_arg_vocab.pkl, or write the tokens as a JSON list";

    private final Path file;
    private final PickleFile pickle;

    private TokenizerPickle(Path file, PickleFile pickle) {
        this.file = file;
        this.pickle = pickle;
    }

    /** All classes that such a pickle may name. */
    static Set<String> classes() {
        Set<String> classes = new HashSet<>(TOKENIZERS);
        classes.addAll(MODELS);
        classes.addAll(List.of(WRAPPER, BACKEND, TOKEN));
        return classes;
    }

    /** Whether the root of a pickle is a tokenizer. */
    static boolean isTokenizer(Object root) {
        return root instanceof PickledObject object && TOKENIZERS.contains(object.className());
    }

    /**
     * Reads a file.
     *
     * @throws KinemaException if it holds anything else, or its tokens do not follow GPT-2's without a gap
     */
    static AddedTokens read(Path file) {
        try (PickleFile pickle = PickleFile.open(file, classes())) {
            return new TokenizerPickle(file, pickle).tokens();
        }
    }

    private AddedTokens tokens() {
        if (!isTokenizer(pickle.root())) {
            throw new KinemaException(file + ": holds no GPT-2 tokenizer of transformers: " + REMEDY);
        }
        PickledObject tokenizer = (PickledObject) pickle.root();
        TreeMap<Long, String> numbered = new TreeMap<>();
        if (tokenizer.attribute("_tokenizer") != null) {
            new TokenizerState(file, backendState(tokenizer)).tokens().forEach(token -> add(numbered, token.id(), token.content()));
        } else if (tokenizer.attribute("added_tokens_encoder") instanceof Map<?, ?> encoder) {
            encoder.forEach((token, id) -> addEntry(numbered, token, id));
        } else {
            throw new KinemaException(file + ": its tokenizer has neither a _tokenizer nor added_tokens_encoder: " + REMEDY);
        }
        return AddedTokens.of(file.toString(), inOrder(numbered), padding(tokenizer));
    }

    private byte[] backendState(PickledObject tokenizer) {
        Object backend = tokenizer.attribute("_tokenizer");
        if (backend instanceof PickledObject wrapper && wrapper.className().equals(WRAPPER)) {
            backend = wrapper.attribute("_tokenizer");
        }
        byte[] state = backend instanceof PickledObject object && object.className().equals(BACKEND) ? pickle.bytes(object.state()) : null;
        if (state == null) {
            throw new KinemaException(file + ": its _tokenizer is not kept as " + BACKEND + " with a state of bytes: " + REMEDY);
        }
        return state;
    }

    private void addEntry(TreeMap<Long, String> numbered, Object token, Object id) {
        if (!(token instanceof String content) || !(id instanceof Long number)) {
            throw new KinemaException(file + ": its added_tokens_encoder has an entry that is no text with a number: " + REMEDY);
        }
        add(numbered, number, content);
    }

    private void add(TreeMap<Long, String> numbered, long id, String content) {
        if (id == AddedTokens.END && content.equals(RoleTokenizer.END)) {
            // GPT-2's own, which is added again where it is named as special
            return;
        }
        String before = numbered.put(id, content);
        if (id < AddedTokens.FIRST || before != null) {
            throw new KinemaException(file + ": token " + Quoted.of(content) + " has the number " + id + ", which is "
                + (before == null ? "one of GPT-2's own" : "that of " + Quoted.of(before)) + ": " + REMEDY);
        }
    }

    private List<String> inOrder(TreeMap<Long, String> numbered) {
        List<String> tokens = new ArrayList<>();
        numbered.forEach((id, content) -> {
            if (id != AddedTokens.FIRST + tokens.size()) {
                throw new KinemaException(file + ": token " + Quoted.of(content) + " has the number " + id + ", but no token has "
                    + (AddedTokens.FIRST + tokens.size()) + ": numbers must follow GPT-2's without a gap: " + REMEDY);
            }
            tokens.add(content);
        });
        return tokens;
    }

    /** How padding is written; as here where the tokenizer does not say. */
    private String padding(PickledObject tokenizer) {
        Object padding = tokenizer.attribute("_pad_token");
        Object text = padding instanceof PickledObject token && token.className().equals(TOKEN) ? token.attribute("content") : padding;
        if (text != null && !(text instanceof String)) {
            throw new KinemaException(file + ": its _pad_token is no text: " + REMEDY);
        }
        return text == null ? AddedTokens.PADDING : (String) text;
    }
}
