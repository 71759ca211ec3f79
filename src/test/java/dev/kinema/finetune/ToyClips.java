package dev.kinema.finetune;

import dev.kinema.graph.Philox;
import dev.kinema.task.vidsitu.Annotation;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Event;
import dev.kinema.task.vidsitu.Relation;
import dev.kinema.task.vidsitu.Role;
import dev.kinema.task.vidsitu.Situation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Clips whose events are of one of four kinds, which their features tell: the kind is the verb, and the kinds of a pair decide its relation.
 */
final class ToyClips {
    static final int KINDS = 4;
    static final List<String> VERBS = List.of("walk.01", "open.01", "laugh.01", "throw.01");
    private static final List<String> ACTORS = List.of("man in red", "tall woman", "a boy", "the dog");

    private ToyClips() {
    }

    /** The kind of an event. */
    static int kind(int clip, int event) {
        return (int) (new Philox(5, clip, 1).uniform(event) * KINDS);
    }

    private static Relation relation(int earlier, int later) {
        return Relation.values()[(earlier + 2 * later) % KINDS];
    }

    /** Clips numbered from {@code first}, their places in the split counted from 0. */
    static List<Situation> of(int first, int count, int annotations) {
        List<Situation> situations = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = first + i;
            Clip clip = Clip.parse(String.format("v_%06d_seg_0_10", number));
            List<Event> events = new ArrayList<>();
            for (int e = 0; e < Clip.EVENTS; e++) {
                Optional<Relation> relation = e == Relation.PIVOT ? Optional.empty()
                    : Optional.of(relation(kind(number, Math.min(e, Relation.PIVOT)), kind(number, Math.max(e, Relation.PIVOT))));
                int kind = kind(number, e);
                events.add(new Event(VERBS.get(kind), VERBS.get(kind),
                    List.of(Role.of("Arg0 (doer)", ACTORS.get(kind)), Role.of("Scene of the Event", "room " + kind)), relation));
            }
            Annotation annotation = new Annotation(clip, events);
            List<List<String>> votes = events.stream().map(event -> Collections.nCopies(10, event.verbId())).toList();
            situations.add(new Situation(i, clip, annotations > 1 ? votes : List.of(), Collections.nCopies(annotations, annotation)));
        }
        return situations;
    }

    /** Features that tell the kinds, each in a number of its own, and otherwise noise of that size. */
    static EventFeatures features(int width, double noise) {
        Map<String, float[]> known = new LinkedHashMap<>();
        return new EventFeatures() {
            @Override
            public int width() {
                return width;
            }

            @Override
            public boolean has(String clip) {
                return true;
            }

            @Override
            public void copy(String clip, float[] into, int offset) {
                float[] made = known.computeIfAbsent(clip, id -> make(Integer.parseInt(id.substring(2, 8))));
                System.arraycopy(made, 0, into, offset, made.length);
            }

            private float[] make(int clip) {
                float[] features = new float[Clip.EVENTS * width];
                Philox random = new Philox(6, clip, 1);
                for (int i = 0; i < features.length; i++) {
                    features[i] = (float) (noise * random.normal(i));
                }
                for (int e = 0; e < Clip.EVENTS; e++) {
                    features[e * width + kind(clip, e)] += 1;
                }
                return features;
            }

            @Override
            public String fingerprint() {
                return "toy";
            }
        };
    }
}
