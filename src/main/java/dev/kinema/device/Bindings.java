package dev.kinema.device;

import dev.kinema.KinemaException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The arrays through which a caller and a program exchange values, by name.
 *
 * @param inputs in the order of the graph
 * @param outputs in the order of the graph
 */
public record Bindings(Map<String, HostArray> inputs, Map<String, HostArray> outputs) {
    public Bindings {
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    }

    /** @throws KinemaException if there is no such input, naming those there are */
    public HostArray input(String name) {
        return named(inputs, "input", name);
    }

    /** @throws KinemaException if there is no such output, naming those there are */
    public HostArray output(String name) {
        return named(outputs, "output", name);
    }

    private static HostArray named(Map<String, HostArray> arrays, String what, String name) {
        HostArray array = arrays.get(name);
        if (array == null) {
            throw new KinemaException("the program has no " + what + " '" + name + "': it has " + arrays.keySet());
        }
        return array;
    }
}
