package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import dev.kinema.video.EventFilm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A small dataset of VidSitu's form over made-up films: verbs, roles and relations can be learned from the pixels, and people disagree
 * somewhat, as they do. The seed decides every byte.
 *
 * @param train clips to train on, with one annotation each
 * @param valid clips to validate on, with ten votes and three annotations
 * @param test clips in each of the three test sets, whose answers are not written; 0 for no test sets
 * @param seed of everything
 * @param format of the films; its events last {@link Clip#EVENT_SECONDS} seconds
 */
public record GeneratedDataset(int train, int valid, int test, long seed, EventFilm.Format format) {
    private static final int STORY = 0x5709;
    private static final int NAME = 0x4A3E;
    private static final int WORDS = 0x3025;
    private static final int FILM = 0xF117;
    private static final String NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private static final int NAME_LENGTH = 11;
    private static final int MOST = 1_000_000;

    /** Is told of progress. */
    @FunctionalInterface
    public interface Progress {
        /** @param done films that are written, of {@code all} */
        void film(int done, int all);
    }

    /** Checks the numbers. */
    public GeneratedDataset {
        if (train < 1 || valid < 1 || test < 0 || train > MOST || valid > MOST || test > MOST) {
            throw new IllegalArgumentException(train + " clips to train on, " + valid + " to validate on, " + test
                + " in each test set: the first two must be 1 to " + MOST + ", the last may be 0");
        }
        if (format.eventSeconds() != Clip.EVENT_SECONDS) {
            throw new IllegalArgumentException("events of " + format.eventSeconds() + " s: they must last " + Clip.EVENT_SECONDS + " s");
        }
    }

    /** Films of 64x48 at 10 frames per second, and no test sets. */
    public static GeneratedDataset of(int train, int valid, long seed) {
        return new GeneratedDataset(train, valid, 0, seed, EventFilm.Format.SMALL.withEventSeconds(Clip.EVENT_SECONDS));
    }

    /** The same with test sets. */
    public GeneratedDataset withTests(int clips) {
        return new GeneratedDataset(train, valid, clips, seed, format);
    }

    /**
     * Writes all of it into a folder, which is made where it is not there: first the films, and then the files that speak of them.
     *
     * @return the dataset
     * @throws KinemaException if the folder holds a dataset already, something cannot be written, or the thread is interrupted
     */
    public VidSituDataset write(Path folder, Progress progress) {
        Path root = folder.toAbsolutePath().normalize();
        DatasetLayout layout = new DatasetLayout(root, root.resolve(DatasetLayout.ANNOTATIONS));
        if (Files.exists(layout.annotations())) {
            throw new KinemaException("'" + layout.annotations() + "' is there already: choose another folder, or remove it");
        }
        List<List<Situation>> splits = new ArrayList<>();
        int first = 0;
        for (Split split : Split.values()) {
            List<Situation> situations = new ArrayList<>();
            for (int i = 0; i < clips(split); i++) {
                situations.add(situation(split, i, first + i));
            }
            splits.add(situations);
            first += situations.size();
        }
        writeFilms(root.resolve(DatasetLayout.FILMS), splits, first, progress);
        DatasetWriter writer = new DatasetWriter(layout);
        for (Split split : Split.values()) {
            List<Situation> situations = splits.get(split.ordinal());
            if (split.isAnswered()) {
                writer.infos(split, situations);
            }
            if (!situations.isEmpty()) {
                writer.annotations(split, situations);
                writer.clips(split, situations.stream().map(Situation::clip).toList());
            }
        }
        return VidSituDataset.open(folder);
    }

    private int clips(Split split) {
        return switch (split) {
            case TRAIN -> train;
            case VALID -> valid;
            default -> test;
        };
    }

    private void writeFilms(Path films, List<List<Situation>> splits, int all, Progress progress) {
        try {
            Files.createDirectories(films);
        } catch (IOException e) {
            throw new KinemaException("the folder '" + films + "' cannot be made (" + e + "): choose another one", e);
        }
        int done = 0;
        for (List<Situation> split : splits) {
            for (Situation situation : split) {
                story(done).film(new Draws(seed, done, FILM).bits(), format).write(films.resolve(situation.clip().id() + ".mp4"));
                done++;
                progress.film(done, all);
            }
        }
    }

    private Story story(int number) {
        return Story.draw(new Draws(seed, number, STORY));
    }

    /** @param number among the clips of all splits: no two share a story's draws */
    private Situation situation(Split split, int index, int number) {
        Story story = story(number);
        Clip clip = Clip.of(name(number), 10 * (number % 12));
        Draws words = new Draws(seed, number, WORDS);
        List<List<String>> votes = split == Split.VALID ? Annotators.votes(story, words) : List.of();
        List<Annotation> annotations = new ArrayList<>();
        for (int i = 0; i < (split == Split.TRAIN ? 1 : Split.VALID.leastAnnotations()); i++) {
            annotations.add(Annotators.annotation(clip, story, split == Split.TRAIN, words));
        }
        return new Situation(index, clip, votes, annotations);
    }

    /** Like a film's name on YouTube; its first characters count the clips, so that no two are the same. */
    private String name(int number) {
        Draws draws = new Draws(seed, number, NAME);
        StringBuilder name = new StringBuilder();
        for (int i = 0, rest = number; i < NAME_LENGTH; i++, rest /= NAME_CHARACTERS.length()) {
            int at = i < 4 ? rest % NAME_CHARACTERS.length() : draws.below(NAME_CHARACTERS.length());
            name.append(NAME_CHARACTERS.charAt(at));
        }
        return name.toString();
    }
}
