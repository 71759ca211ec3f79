package dev.kinema.task.vidsitu;

import java.util.List;

/**
 * One annotator's view of a clip.
 *
 * @param clip what it is of
 * @param events five, in their order
 */
public record Annotation(Clip clip, List<Event> events) {
    /** Copies, and checks the number of events. */
    public Annotation {
        events = List.copyOf(events);
        if (events.size() != Clip.EVENTS) {
            throw new IllegalArgumentException(events.size() + " events: a clip has " + Clip.EVENTS);
        }
    }
}
