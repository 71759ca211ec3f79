package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where the dataset's files are.
 *
 * @param root the folder with vocabularies, films and frames; {@code data} of the toolkit
 * @param annotations the folder with {@code split_files}, {@code vinfo_files} and {@code vseg_ann_files}
 */
public record DatasetLayout(Path root, Path annotations) {
    static final String ANNOTATIONS = "vidsitu_annotations";
    static final String FILMS = "vsitu_trimmed_videos";
    static final String VOCABULARY = "vsitu_vocab/verb_id_vocab.json";
    static final String PICKLED_VOCABULARY = "vsitu_vocab/verb_id_vocab.pkl";
    static final String TOKENS = "vsitu_vocab/bpe_with_seps_vb_arg_vocab.json";
    static final String PICKLED_TOKENS = "vsitu_vocab/bpe_with_seps_vb_arg_vocab.pkl";

    /** Names that the toolkit's settings and its downloader have for the same folder. */
    private static final List<String> FILM_FOLDERS = List.of(FILMS, "vsitu_video_trimmed_dir", "videos");
    private static final List<String> FRAME_FOLDERS = List.of("vsitu_frames", "vsitu_video_frames_dir");
    private static final List<String> ENDINGS = List.of("mp4", "webm", "mkv");

    /**
     * Finds the dataset in or around a folder: the annotations' own, the one that holds {@code vidsitu_annotations}, or the toolkit's.
     *
     * @throws KinemaException if none of them is there
     */
    public static DatasetLayout find(Path folder) {
        Path given = folder.toAbsolutePath().normalize();
        if (Files.isDirectory(given.resolve("split_files"))) {
            boolean released = given.endsWith(ANNOTATIONS) && given.getParent() != null;
            return new DatasetLayout(released ? given.getParent() : given, given);
        }
        for (Path root : List.of(given, given.resolve("data"))) {
            Path annotations = root.resolve(ANNOTATIONS);
            if (Files.isDirectory(annotations.resolve("split_files"))) {
                return new DatasetLayout(root, annotations);
            }
        }
        throw new KinemaException("there is no VidSitu dataset in '" + folder + "', for it has no " + ANNOTATIONS
            + "/split_files: unzip the release's annotations into " + ANNOTATIONS + " there, or make a small dataset up");
    }

    /** A split's list of clips. */
    public Path split(Split split) {
        return annotations.resolve(split.splitFile());
    }

    /** A split's vinfo file. */
    public Path info(Split split) {
        return annotations.resolve(split.infoFile());
    }

    /** A split's annotations; of a test set those with answers, where they are there, or else those without. */
    public Path annotations(Split split) {
        Path whole = annotations.resolve(split.annotationFile());
        return split.isAnswered() || Files.exists(whole) ? whole : annotations.resolve(split.unansweredFile());
    }

    /** The verbs as JSON. */
    public Path vocabulary() {
        return root.resolve(VOCABULARY);
    }

    /** The verbs as they were released. */
    public Path pickledVocabulary() {
        return root.resolve(PICKLED_VOCABULARY);
    }

    /** The tokens beyond GPT-2's as JSON. */
    public Path tokens() {
        return root.resolve(TOKENS);
    }

    /** The tokens beyond GPT-2's as they were released. */
    public Path pickledTokens() {
        return root.resolve(PICKLED_TOKENS);
    }

    /** A clip's frames, or else its film; empty where there is neither. */
    public Optional<ClipMedia> media(Clip clip) {
        for (String folder : FRAME_FOLDERS) {
            Path frames = root.resolve(folder).resolve(clip.id());
            if (Files.isDirectory(frames)) {
                return Optional.of(new ClipMedia(ClipMedia.Kind.FRAMES, frames));
            }
        }
        for (String folder : FILM_FOLDERS) {
            for (String ending : ENDINGS) {
                Path film = root.resolve(folder).resolve(clip.id() + "." + ending);
                if (Files.isRegularFile(film)) {
                    return Optional.of(new ClipMedia(ClipMedia.Kind.FILM, film));
                }
            }
        }
        return Optional.empty();
    }
}
