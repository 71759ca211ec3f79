package dev.kinema.device.cpu;

import dev.kinema.graph.Value;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What one node's rule leaves for that of another to know, beside where its values are stored. */
final class Hints {
    private final Map<Value, SampledConvolutions.Samples> samples = new HashMap<>();
    private final Set<Value> rectified = new HashSet<>();
    private final Map<Value, Buffer> masks = new HashMap<>();
    private final Map<Value, List<Buffer>> left = new HashMap<>();

    /** Where a value is not 0; null for one that is stored as a whole. */
    SampledConvolutions.Samples samples(Value value) {
        return samples.get(value);
    }

    /** The value has no buffer: it is known by its samples. */
    void sampled(Value value, SampledConvolutions.Samples known) {
        samples.put(value, known);
    }

    /** Whether what is stored is the value's ReLU, its only reader's output. */
    boolean isRectified(Value value) {
        return rectified.contains(value);
    }

    void rectified(Value value) {
        rectified.add(value);
    }

    /** oneDNN's record of where a norm's ReLU is open; null where there is none. */
    Buffer mask(Value normed) {
        return masks.get(normed);
    }

    void masked(Value normed, Buffer mask) {
        masks.put(normed, mask);
    }

    /** Leaves what a step writes beside a value for a step of the value's readers. */
    void leave(Value value, Buffer... buffers) {
        left.put(value, List.of(buffers));
    }

    /** What was {@link #leave left} with a value; empty if nothing was. */
    List<Buffer> left(Value value) {
        return left.getOrDefault(value, List.of());
    }
}
