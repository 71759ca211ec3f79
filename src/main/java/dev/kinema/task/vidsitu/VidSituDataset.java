package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A VidSitu dataset on disk, as it was released or made up. Files are read when they are asked for, and not kept. Whatever in them is
 * malformed is an error that names file, clip and field.
 */
public final class VidSituDataset {
    private static final Consumer<KinemaException> REFUSE = e -> {
        throw e;
    };

    private final DatasetLayout layout;
    private final Set<String> leftOut;

    private VidSituDataset(DatasetLayout layout, Set<String> leftOut) {
        this.layout = layout;
        this.leftOut = Set.copyOf(leftOut);
    }

    /**
     * Finds the dataset in a folder.
     *
     * @throws KinemaException if there is none
     */
    public static VidSituDataset open(Path folder) {
        return new VidSituDataset(DatasetLayout.find(folder), Set.of());
    }

    /** The same without some clips, by id. Clips keep their index; ids that no split has are passed over. */
    public VidSituDataset without(Set<String> clips) {
        return new VidSituDataset(layout, clips);
    }

    /** Where its files are. */
    public DatasetLayout layout() {
        return layout;
    }

    /** Ids of clips that are left out. */
    public Set<String> leftOut() {
        return leftOut;
    }

    /**
     * The clips of a split, in the file's order.
     *
     * @throws KinemaException if the file is missing or malformed
     */
    public List<Clip> clips(Split split) {
        SplitReader reader = new SplitReader(layout, split, leftOut, REFUSE);
        reader.readClips();
        return reader.clips();
    }

    /**
     * The clips of a split with all that is known of them, in the file's order.
     *
     * @throws KinemaException if a file is missing or malformed, or a clip has too few annotations or verbs
     */
    public List<Situation> situations(Split split) {
        SplitReader reader = new SplitReader(layout, split, leftOut, REFUSE);
        reader.readClips();
        reader.readAnswers();
        return reader.situations();
    }

    /**
     * The verbs: as JSON or as they were released, or else counted in train, where clips that are left out count too.
     *
     * @throws KinemaException if the file that is there is malformed
     */
    public VerbVocabulary verbs() {
        return switch (vocabularyOrigin()) {
            case JSON -> VerbVocabulary.read(layout.vocabulary());
            case PICKLE -> VerbVocabulary.readPickle(layout.pickledVocabulary());
            case TRAIN -> VerbVocabulary.of(new VidSituDataset(layout, Set.of()).situations(Split.TRAIN).stream()
                .map(situation -> situation.annotations().get(0)).toList());
        };
    }

    /** Where {@link #verbs} come from. */
    public enum VocabularyOrigin { JSON, PICKLE, TRAIN }

    /** Where {@link #verbs} come from. */
    public VocabularyOrigin vocabularyOrigin() {
        return Files.exists(layout.vocabulary()) ? VocabularyOrigin.JSON
            : Files.exists(layout.pickledVocabulary()) ? VocabularyOrigin.PICKLE : VocabularyOrigin.TRAIN;
    }

    /**
     * The tokens beyond GPT-2's: as JSON or as they were released, or else made for {@link #verbs}.
     *
     * @throws KinemaException if the file that is there is malformed
     */
    public AddedTokens tokens() {
        return switch (tokensOrigin()) {
            case JSON -> AddedTokens.read(layout.tokens());
            case PICKLE -> AddedTokens.readPickle(layout.pickledTokens());
            case VERBS -> AddedTokens.of(verbs());
        };
    }

    /** Where {@link #tokens} come from. */
    public enum TokensOrigin { JSON, PICKLE, VERBS }

    /** Where {@link #tokens} come from. */
    public TokensOrigin tokensOrigin() {
        return Files.exists(layout.tokens()) ? TokensOrigin.JSON
            : Files.exists(layout.pickledTokens()) ? TokensOrigin.PICKLE : TokensOrigin.VERBS;
    }

    /** A clip's frames, or else its film; empty where there is neither. */
    public Optional<ClipMedia> media(Clip clip) {
        return layout.media(clip);
    }

    /** Reads everything, and says what is there, what is missing, and what is malformed. */
    public DatasetCheck check() {
        return DatasetCheck.of(this);
    }
}
