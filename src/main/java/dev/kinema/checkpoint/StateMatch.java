package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares the weights a model expects with those a file has, name by name and shape by shape.
 *
 * <p>Two differences are no mistake: batch norm's {@code num_batches_tracked}, a counter that no formula here uses and that some
 * formats leave out, may be missing or left over; and an array with fewer dimensions than expected fits where only sizes of 1 are
 * appended (Caffe2 stores 1x1x1 convolutions so). A kernel without extent in time fits if an {@link Inflation} says how.
 */
public final class StateMatch {
    private static final int MOST_LISTED = 10;
    private static final String COUNTER = ".num_batches_tracked";

    private final Map<String, HostArray> matched = new LinkedHashMap<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> unexpected = new ArrayList<>();
    private final List<String> wrongShape = new ArrayList<>();
    private final List<String> inflated = new ArrayList<>();

    private StateMatch() {}

    /** {@link #of(Map, Map, Inflation)} that refuses inflation. */
    public static StateMatch of(Map<String, Shape> expected, Map<String, HostArray> found) {
        return of(expected, found, Inflation.REFUSE);
    }

    /**
     * Compares.
     *
     * @param expected name to shape, of everything the model has
     * @param found name to array, as {@link ImportedCheckpoint#tensors()}
     * @param inflation what to do with kernels that lack extent in time
     */
    public static StateMatch of(Map<String, Shape> expected, Map<String, HostArray> found, Inflation inflation) {
        StateMatch match = new StateMatch();
        expected.forEach((name, shape) -> {
            HostArray array = found.get(name);
            if (array != null) {
                match.fit(name, shape, array, inflation);
            } else if (!name.endsWith(COUNTER)) {
                match.missing.add(name);
            }
        });
        for (String name : found.keySet()) {
            if (!expected.containsKey(name) && !name.endsWith(COUNTER)) {
                match.unexpected.add(name);
            }
        }
        return match;
    }

    private void fit(String name, Shape expected, HostArray array, Inflation inflation) {
        Shape shape = array.shape();
        if (shape.equals(expected)) {
            matched.put(name, array);
        } else if (onlyOnesAppended(shape, expected)) {
            matched.put(name, HostArray.wrap(array.dtype(), expected, array.buffer()));
        } else if (inflation.applies(shape, expected)) {
            matched.put(name, inflation.inflate(name, array, expected));
            inflated.add(name + " " + shape + " to " + expected);
        } else {
            wrongShape.add(name + " is " + shape + ", expected " + expected);
        }
    }

    private static boolean onlyOnesAppended(Shape shape, Shape expected) {
        boolean same = shape.rank() < expected.rank();
        for (int i = 0; i < expected.rank() && same; i++) {
            same = expected.dim(i) == (i < shape.rank() ? shape.dim(i) : 1);
        }
        return same;
    }

    /** The arrays that fit, by name, in the model's order and shape, with the file's element types. */
    public Map<String, HostArray> matched() {
        return Collections.unmodifiableMap(matched);
    }

    /** Names the model expects and the file lacks. */
    public List<String> missing() {
        return Collections.unmodifiableList(missing);
    }

    /** Names the file has and the model does not know. */
    public List<String> unexpected() {
        return Collections.unmodifiableList(unexpected);
    }

    /** Entries of another shape, each as "name is [found], expected [expected]". */
    public List<String> wrongShape() {
        return Collections.unmodifiableList(wrongShape);
    }

    /** Kernels that were inflated, each as "name [found] to [expected]". */
    public List<String> inflated() {
        return Collections.unmodifiableList(inflated);
    }

    /** Whether everything expected is there, in shape, and nothing else. */
    public boolean isComplete() {
        return missing.isEmpty() && unexpected.isEmpty() && wrongShape.isEmpty();
    }

    /**
     * The arrays, all of them.
     *
     * @param source what to name in the error: the file
     * @throws KinemaException if anything is missing, unexpected or of another shape; it lists them
     */
    public Map<String, HostArray> requireComplete(Object source) {
        if (!isComplete()) {
            throw new KinemaException(source + ": does not fit the model: " + report()
                    + ": choose the model's settings after the file, or load it non-strictly"
                    + (wrongShape.isEmpty() ? "" : ", or set how kernels are inflated in time"));
        }
        return matched();
    }

    /** What differs, in one line. */
    public String report() {
        List<String> parts = new ArrayList<>();
        describe(parts, "missing", missing);
        describe(parts, "unexpected", unexpected);
        describe(parts, "of another shape", wrongShape);
        return parts.isEmpty() ? matched.size() + " tensors match" : String.join("; ", parts);
    }

    private static void describe(List<String> parts, String what, List<String> names) {
        if (!names.isEmpty()) {
            List<String> shown = names.stream().limit(MOST_LISTED).map(n -> n.replaceAll("\\p{Cntrl}", "?")).toList();
            parts.add(names.size() + " " + what + " (" + String.join(", ", shown) + (names.size() > MOST_LISTED ? ", ..." : "") + ")");
        }
    }
}
