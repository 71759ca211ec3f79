package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleFile;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** Which of the two pickled vocabularies of the release a file is. */
public enum ReleasedVocabulary {
    /** {@code verb_id_vocab.pkl}: {@link VerbVocabulary#readPickle}. */
    VERBS,
    /** {@code bpe_with_seps_vb_arg_vocab.pkl}: {@link AddedTokens#readPickle}. */
    TOKENS;

    /**
     * Looks into a file, as data.
     *
     * @throws KinemaException if it cannot be read, or names what neither of the two does
     */
    public static ReleasedVocabulary of(Path file) {
        Set<String> classes = new HashSet<>(TokenizerPickle.classes());
        classes.add(VerbVocabulary.DICTIONARY);
        try (PickleFile pickle = PickleFile.open(file, classes)) {
            // whatever else it holds, the reader of verbs says what is wrong with it
            return TokenizerPickle.isTokenizer(pickle.root()) ? TOKENS : VERBS;
        }
    }
}
