package dev.kinema.task.vidsitu;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model says of the roles of a clip's events.
 *
 * @param index the clip's place in its split's file
 * @param events five, in their order
 */
public record RolePrediction(int index, List<Texts> events) implements Prediction {
    /** Copies, and checks the number of events. */
    public RolePrediction {
        events = List.copyOf(events);
        if (index < 0 || events.size() != Clip.EVENTS) {
            throw new IllegalArgumentException("clip " + index + ", " + events.size() + " events: a clip has " + Clip.EVENTS);
        }
    }

    /**
     * What is said of one event.
     *
     * @param verb the sense that was given or predicted, which is not scored; may be missing
     * @param roles the text of each role by its code, such as {@code Arg0}. An empty text is an answer, for it is a mention; a role that is
     *     missing is none. Other names than those of roles are not scored
     */
    public record Texts(Optional<String> verb, Map<String, String> roles) {
        /** Copies, in the order given. */
        public Texts {
            roles = Collections.unmodifiableMap(new LinkedHashMap<>(roles));
        }
    }

    @Override
    public Object answers() {
        return events.stream().map(Texts::roles).toList();
    }
}
