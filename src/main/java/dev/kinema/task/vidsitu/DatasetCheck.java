package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * What is there of a dataset.
 *
 * @param layout where it is
 * @param splits what there is of each
 * @param missing files that the release has and this does not
 * @param vocabulary the verbs; empty where they cannot be read
 * @param tokens those beyond GPT-2's; empty where they or the verbs cannot be read
 * @param problems what is malformed, each naming file, clip and field
 */
public record DatasetCheck(DatasetLayout layout, List<SplitState> splits, List<Path> missing, Optional<VocabularyState> vocabulary,
        Optional<TokensState> tokens, List<String> problems) {
    /**
     * A split.
     *
     * @param split which
     * @param listed clips in its list
     * @param leftOut clips of them that are left out
     * @param usable clips with all the annotations and verbs that they need
     * @param annotations of its clips
     * @param voted clips with votes
     * @param strangers annotations of clips that it does not list
     * @param films clips with a film
     * @param frames clips with a folder of frames
     * @param incomplete clips whose film or folder is empty, or the folder short
     */
    public record SplitState(Split split, int listed, int leftOut, int usable, int annotations, int voted, int strangers, int films,
            int frames, int incomplete) {
        /** Clips, of those not left out, without pictures. */
        public int unseen() {
            return listed - leftOut - films - frames;
        }
    }

    /**
     * The verbs.
     *
     * @param origin where they come from
     * @param size with the special symbols
     * @param unknown verb senses of validation that are not among them
     */
    public record VocabularyState(VidSituDataset.VocabularyOrigin origin, int size, int unknown) {
    }

    /**
     * The tokens of semantic roles' texts.
     *
     * @param origin where they come from
     * @param size without GPT-2's
     * @param beside those that are no verb of the vocabulary, no role's mark, and not padding
     * @param lacking verbs and roles' marks that are none of them, and become several
     */
    public record TokensState(VidSituDataset.TokensOrigin origin, int size, List<String> beside, List<String> lacking) {
        /** Copies. */
        public TokensState {
            beside = List.copyOf(beside);
            lacking = List.copyOf(lacking);
        }
    }

    /** Copies. */
    public DatasetCheck {
        splits = List.copyOf(splits);
        missing = List.copyOf(missing);
        problems = List.copyOf(problems);
    }

    /** Whether one can train and validate: nothing is malformed, and both splits have all their files. */
    public boolean isUsable() {
        return problems.isEmpty() && List.of(Split.TRAIN, Split.VALID).stream().noneMatch(split -> missing.contains(layout.split(split))
            || missing.contains(layout.annotations(split)) || split == Split.VALID && missing.contains(layout.info(split)));
    }

    static DatasetCheck of(VidSituDataset dataset) {
        DatasetLayout layout = dataset.layout();
        List<String> problems = new ArrayList<>();
        List<SplitState> states = new ArrayList<>();
        Set<String> verbs = new TreeSet<>();
        for (Split split : Split.values()) {
            state(dataset, split, verbs, problems).ifPresent(states::add);
        }
        Optional<VerbVocabulary> vocabulary = vocabulary(dataset, problems);
        Optional<VocabularyState> known = vocabulary.map(found -> new VocabularyState(dataset.vocabularyOrigin(), found.size(),
            (int) verbs.stream().filter(verb -> !found.contains(verb)).count()));
        return new DatasetCheck(layout, states, missing(layout), known, tokens(dataset, vocabulary, problems), problems);
    }

    private static List<Path> missing(DatasetLayout layout) {
        List<Path> files = new ArrayList<>();
        for (Split split : Split.values()) {
            files.add(layout.split(split));
            if (split.isAnswered()) {
                files.add(layout.info(split));
            }
            if (split != Split.TEST_VERBS) {
                files.add(layout.annotations(split));
            }
        }
        if (!Files.exists(layout.vocabulary())) {
            files.add(layout.pickledVocabulary());
        }
        if (!Files.exists(layout.tokens())) {
            files.add(layout.pickledTokens());
        }
        return files.stream().filter(file -> !Files.exists(file)).toList();
    }

    private static Optional<SplitState> state(VidSituDataset dataset, Split split, Set<String> verbs, List<String> problems) {
        SplitReader reader = new SplitReader(dataset.layout(), split, dataset.leftOut(), e -> problems.add(e.getMessage()));
        if (!Files.exists(dataset.layout().split(split))) {
            return Optional.empty();
        }
        List<Situation> usable = List.of();
        try {
            reader.readClips();
            if (!split.isAnswered() || Files.exists(dataset.layout().annotations(split))
                    && (split == Split.TRAIN || Files.exists(dataset.layout().info(split)))) {
                reader.readAnswers();
                usable = reader.situations();
            }
            if (split == Split.TRAIN && Files.exists(dataset.layout().info(split))) {
                InfoFile.read(dataset.layout().info(split), false, dataset.leftOut(), info -> { }, e -> problems.add(e.getMessage()));
            }
        } catch (KinemaException e) {
            problems.add(e.getMessage());
        }
        if (split == Split.VALID) {
            usable.forEach(situation -> situation.votes().forEach(verbs::addAll));
        }
        return Optional.of(counted(dataset, split, reader, usable.size()));
    }

    private static SplitState counted(VidSituDataset dataset, Split split, SplitReader reader, int usable) {
        int films = 0;
        int frames = 0;
        int incomplete = 0;
        for (Clip clip : reader.clips()) {
            Optional<ClipMedia> media = dataset.media(clip);
            if (media.isPresent()) {
                films += media.get().kind() == ClipMedia.Kind.FILM ? 1 : 0;
                frames += media.get().kind() == ClipMedia.Kind.FRAMES ? 1 : 0;
                incomplete += media.get().isComplete() ? 0 : 1;
            }
        }
        return new SplitState(split, reader.listed(), reader.listed() - reader.clips().size(), usable, reader.annotationCount(),
            reader.voted(), reader.strangers(), films, frames, incomplete);
    }

    private static Optional<VerbVocabulary> vocabulary(VidSituDataset dataset, List<String> problems) {
        if (dataset.vocabularyOrigin() == VidSituDataset.VocabularyOrigin.TRAIN && (!problems.isEmpty()
                || !Files.exists(dataset.layout().split(Split.TRAIN)) || !Files.exists(dataset.layout().annotations(Split.TRAIN)))) {
            return Optional.empty();
        }
        return read(dataset::verbs, problems);
    }

    private static Optional<TokensState> tokens(VidSituDataset dataset, Optional<VerbVocabulary> vocabulary, List<String> problems) {
        boolean made = dataset.tokensOrigin() == VidSituDataset.TokensOrigin.VERBS;
        // a file is read also where nothing can be said of its verbs: it may be malformed itself
        Optional<AddedTokens> tokens = made ? vocabulary.map(AddedTokens::of) : read(dataset::tokens, problems);
        return tokens.flatMap(found -> vocabulary.map(verbs -> new TokensState(dataset.tokensOrigin(), found.tokens().size(),
            found.beside(verbs), found.lacking(verbs))));
    }

    private static <T> Optional<T> read(Supplier<T> source, List<String> problems) {
        try {
            return Optional.of(source.get());
        } catch (KinemaException e) {
            problems.add(e.getMessage());
            return Optional.empty();
        }
    }
}
