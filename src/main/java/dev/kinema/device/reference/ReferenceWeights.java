package dev.kinema.device.reference;

import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Type;
import java.util.HashMap;
import java.util.Map;

/** Variables as double[] or, where they are integers, long[]. An array is never changed, only replaced. */
final class ReferenceWeights extends Weights {
    private final Map<String, Object> arrays = new HashMap<>();

    /** The elements of a variable: double[] or long[]. */
    Object elements(String name) {
        return arrays.get(name);
    }

    /** Replaces the elements of a variable by an array that nobody changes any more. */
    void replace(String name, Object elements) {
        arrays.put(name, elements);
    }

    @Override
    protected void allocate(String name, Type type) {
        arrays.put(name, Elements.allocate(type));
    }

    @Override
    protected void write(String name, HostArray value) {
        arrays.put(name, Elements.copyOf(value));
    }

    @Override
    protected HostArray read(String name) {
        Type type = type(name);
        HostArray array = HostArray.allocate(type.dtype().isFloating() ? DType.F64 : type.dtype(), type.shape());
        Elements.copyInto(array, arrays.get(name));
        return array;
    }

    @Override
    protected void free() {
        arrays.clear();
    }
}
