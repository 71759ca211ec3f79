package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Brings a split's three files together. What is wrong goes to a consumer, which may throw it, or note it and so leave the record out. */
final class SplitReader {
    private final DatasetLayout layout;
    private final Split split;
    private final Set<String> leftOut;
    private final Consumer<KinemaException> bad;
    /** Places in the split's file by clip. */
    private final Map<Clip, Integer> places = new LinkedHashMap<>();
    private final Map<Clip, List<Annotation>> annotations = new HashMap<>();
    private final Map<Clip, List<List<String>>> votes = new HashMap<>();
    private int listed;
    private int strangers;

    SplitReader(DatasetLayout layout, Split split, Set<String> leftOut, Consumer<KinemaException> bad) {
        this.layout = layout;
        this.split = split;
        this.leftOut = leftOut;
        this.bad = bad;
    }

    /** Clips that the split's file lists. */
    int listed() {
        return listed;
    }

    /** Annotations of clips that the split does not list. */
    int strangers() {
        return strangers;
    }

    int annotationCount() {
        return annotations.values().stream().mapToInt(List::size).sum();
    }

    int voted() {
        return votes.size();
    }

    List<Clip> clips() {
        return List.copyOf(places.keySet());
    }

    /** Reads the split's list. */
    void readClips() {
        List<Clip> clips = SplitFile.read(layout.split(split), bad);
        listed = clips.size();
        for (int i = 0; i < clips.size(); i++) {
            if (!leftOut.contains(clips.get(i).id())) {
                places.put(clips.get(i), i);
            }
        }
    }

    /** Reads annotations, and votes where there must be some or are. Files that test sets may lack are passed over. */
    void readAnswers() {
        Path annotated = layout.annotations(split);
        if (split.isAnswered() || Files.exists(annotated)) {
            AnnotationFile.read(annotated, split, leftOut, this::keep, bad);
        }
        Path info = layout.info(split);
        boolean voted = split == Split.VALID;
        if (voted || split != Split.TRAIN && Files.exists(info)) {
            InfoFile.read(info, voted, leftOut, record -> keep(info, record), bad);
        }
    }

    private void keep(Annotation annotation) {
        if (places.containsKey(annotation.clip())) {
            annotations.computeIfAbsent(annotation.clip(), clip -> new ArrayList<>()).add(annotation);
        } else {
            strangers++;
        }
    }

    private void keep(Path file, InfoFile.Info record) {
        boolean wanted = places.containsKey(record.clip()) && !record.votes().isEmpty();
        if (wanted && votes.put(record.clip(), record.votes()) != null) {
            bad.accept(new KinemaException(file + " (clip '" + record.clip() + "'): has two records of it: remove one of the two"));
        }
    }

    /** The clips with all that is known of them; those of which something is missing are errors. */
    List<Situation> situations() {
        List<Situation> situations = new ArrayList<>();
        places.forEach((clip, place) -> {
            List<Annotation> own = annotations.getOrDefault(clip, List.of());
            List<List<String>> voted = votes.getOrDefault(clip, List.of());
            if (own.size() < split.leastAnnotations()) {
                bad.accept(new KinemaException(layout.annotations(split) + " (clip '" + clip + "'): has " + own.size()
                    + " annotations of it, and " + split.leastAnnotations() + " are needed: complete it, or leave the clip out"));
            } else if (split == Split.VALID && voted.isEmpty()) {
                bad.accept(new KinemaException(layout.info(split) + " (clip '" + clip + "'): has no verbs of it: complete it, or leave "
                    + "the clip out"));
            } else {
                situations.add(new Situation(place, clip, voted, own));
            }
        });
        return situations;
    }
}
