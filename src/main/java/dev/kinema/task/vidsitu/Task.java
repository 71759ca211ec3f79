package dev.kinema.task.vidsitu;

import java.util.Arrays;
import java.util.Optional;

/** What is asked of a model. */
public enum Task {
    /** The verb of each event. */
    VERBS("vb"),
    /** The roles of each event as texts, where its verb is given. */
    ROLES("srl"),
    /** How events are related to the third. */
    RELATIONS("evrel");

    private final String label;

    Task(String label) {
        this.label = label;
    }

    /** On the command line and in score files, such as {@code vb}. */
    public String label() {
        return label;
    }

    /** The task of this label; empty where there is none. */
    public static Optional<Task> of(String label) {
        return Arrays.stream(values()).filter(task -> task.label.equals(label)).findFirst();
    }
}
