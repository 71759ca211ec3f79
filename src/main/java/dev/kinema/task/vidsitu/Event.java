package dev.kinema.task.vidsitu;

import java.util.List;
import java.util.Optional;

/**
 * What one annotator says of an event.
 *
 * @param verb in words, such as {@code open (make open)}
 * @param verbId its PropBank sense, such as {@code open.01}
 * @param roles in the order of the verb's frame; empty where a test set hides them
 * @param relation to the third event; empty for that one, and where a test set hides it
 */
public record Event(String verb, String verbId, List<Role> roles, Optional<Relation> relation) {
    /** Copies. */
    public Event {
        roles = List.copyOf(roles);
    }
}
