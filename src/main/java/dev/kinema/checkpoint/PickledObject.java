package dev.kinema.checkpoint;

import java.util.Collections;
import java.util.List;
import java.util.Map;

/** An object of a pickle, kept as the data that would have made it: nothing of its class is run, or need be there. */
public final class PickledObject {
    private final String className;
    private final List<Object> arguments;
    private Object state;

    PickledObject(String className, List<?> arguments) {
        this.className = className;
        this.arguments = Collections.unmodifiableList(arguments);
    }

    /** The class as the file names it, such as {@code module.Class}. */
    public String className() {
        return className;
    }

    /** What it was made with. */
    public List<Object> arguments() {
        return arguments;
    }

    /** What it was then set to; null where it was not. A plain object's state is the Map of its attributes. */
    public Object state() {
        return state;
    }

    void setState(Object value) {
        state = value;
    }

    /** An attribute of a plain object; null where it has none of that name. */
    public Object attribute(String name) {
        return state instanceof Map<?, ?> attributes ? attributes.get(name) : null;
    }
}
