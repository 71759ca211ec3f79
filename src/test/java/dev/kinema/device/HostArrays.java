package dev.kinema.device;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;

/** Arrays for tests. */
final class HostArrays {
    private HostArrays() {}

    static HostArray ofInts(Shape shape, long... values) {
        HostArray array = HostArray.allocate(DType.I32, shape);
        array.put(values);
        return array;
    }
}
