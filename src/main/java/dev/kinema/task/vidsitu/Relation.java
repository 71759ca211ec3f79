package dev.kinema.task.vidsitu;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How an event is related to the third of its clip. Pairs go from the earlier event to the later one. */
public enum Relation {
    /** The earlier event causes the later. */
    CAUSES("Causes"),
    /** The later event is a reaction to the earlier. */
    REACTION_TO("Reaction To"),
    /** The earlier event makes the later possible. */
    ENABLES("Enables"),
    /** Neither has to do with the other. */
    NO_RELATION("NoRel");

    /** Outputs of a classifier as the toolkit counts them: output 0, Null, is never a target. */
    public static final int OUTPUTS = 5;
    /** The event, counted from 0, that all relations are with. */
    public static final int PIVOT = 2;
    /** The events that have a relation, counted from 0, in the order of their pairs. */
    public static final List<Integer> RELATED = List.of(0, 1, 3, 4);
    /** The earlier event of each pair. */
    public static final List<Integer> EARLIER = List.of(0, 1, 2, 2);
    /** The later event of each pair. */
    public static final List<Integer> LATER = List.of(2, 2, 3, 4);

    private final String label;

    Relation(String label) {
        this.label = label;
    }

    /** As the files write it. */
    public String label() {
        return label;
    }

    /** Its number among a classifier's outputs, from 1 to 4. */
    public int id() {
        return ordinal() + 1;
    }

    /** All labels, quoted, for messages. */
    static List<String> labels() {
        return Arrays.stream(values()).map(relation -> "'" + relation.label + "'").toList();
    }

    /** The relation of this label; empty where there is none. */
    public static Optional<Relation> of(String label) {
        return Arrays.stream(values()).filter(relation -> relation.label.equals(label)).findFirst();
    }
}
