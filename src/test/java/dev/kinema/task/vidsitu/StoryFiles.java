package dev.kinema.task.vidsitu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Clips to validate on as a generated dataset has them, without their films, which take long to write; and predictions of them. */
public final class StoryFiles {
    private StoryFiles() {
    }

    public static List<Situation> situations(int clips) {
        List<Situation> situations = new ArrayList<>();
        for (int i = 0; i < clips; i++) {
            Story story = Story.draw(new Draws(11, i, 1));
            Draws words = new Draws(11, i, 2);
            Clip clip = Clip.of("Story" + i, 10 * i);
            List<List<String>> votes = Annotators.votes(story, words);
            List<Annotation> annotations = new ArrayList<>();
            for (int annotator = 0; annotator < 3; annotator++) {
                annotations.add(Annotators.annotation(clip, story, false, words));
            }
            situations.add(new Situation(i, clip, votes, annotations));
        }
        return situations;
    }

    static VidSituDataset write(Path root, List<Situation> situations) {
        DatasetWriter writer = new DatasetWriter(new DatasetLayout(root, root.resolve(DatasetLayout.ANNOTATIONS)));
        writer.clips(Split.VALID, situations.stream().map(Situation::clip).toList());
        writer.infos(Split.VALID, situations);
        writer.annotations(Split.VALID, situations);
        return VidSituDataset.open(root);
    }

    /** The same clips where all say what the first annotator says. */
    public static List<Situation> agreed(List<Situation> situations) {
        return situations.stream().map(each -> new Situation(each.index(), each.clip(),
            each.annotations().get(0).events().stream().map(event -> Collections.nCopies(Split.VOTES, event.verbId())).toList(),
            Collections.nCopies(3, each.annotations().get(0)))).toList();
    }

    /** The first annotator's verbs, and others after them. */
    static Predictions<VerbPrediction> verbs(List<Situation> situations) {
        return Predictions.ofVerbs(situations.stream().map(each -> new VerbPrediction(each.index(), each.annotations().get(0).events()
            .stream().map(event -> List.of(event.verbId(), "b.01", "c.01", "d.01", "e.01", "f.01")).toList(),
            Collections.nCopies(Clip.EVENTS, List.of(0.5, 0.25, 1e-9)))).toList());
    }

    /** What the second annotator says. */
    static Predictions<RolePrediction> roles(List<Situation> situations) {
        return Predictions.ofRoles(situations.stream().map(each -> new RolePrediction(each.index(), each.annotations().get(1).events()
            .stream().map(StoryFiles::texts).toList())).toList());
    }

    private static RolePrediction.Texts texts(Event event) {
        Map<String, String> roles = new LinkedHashMap<>();
        event.roles().forEach(role -> roles.put(role.code().code(), role.text()));
        return new RolePrediction.Texts(Optional.of(event.verbId()), roles);
    }

    /** What each annotator says, by that annotator's input. */
    static Predictions<RelationPrediction> relations(List<Situation> situations) {
        return Predictions.ofRelations(situations.stream().map(each -> new RelationPrediction(each.index(), Relation.RELATED.stream()
            .map(event -> each.annotations().stream().map(by -> by.events().get(event).relation().orElseThrow().label()).toList())
            .toList(), List.of())).toList());
    }

    /** The same label everywhere. */
    static Predictions<RelationPrediction> relations(List<Situation> situations, String label) {
        return Predictions.ofRelations(situations.stream().map(each -> new RelationPrediction(each.index(),
            Collections.nCopies(4, Collections.nCopies(3, label)), List.of())).toList());
    }
}
