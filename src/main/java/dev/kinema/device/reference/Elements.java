package dev.kinema.device.reference;

import dev.kinema.device.HostArray;
import dev.kinema.graph.Type;

/** How values are held: the elements in row-major order as double[] where the type is floating, else as long[]. */
final class Elements {
    private Elements() {}

    static Object allocate(Type type) {
        int count = Math.toIntExact(type.shape().elements());
        return type.dtype().isFloating() ? new double[count] : new long[count];
    }

    static Object copyOf(HostArray array) {
        return array.dtype().isFloating() ? array.toDoubles() : array.toLongs();
    }

    static void copyInto(HostArray array, Object elements) {
        if (elements instanceof double[] doubles) {
            array.put(doubles);
        } else {
            array.put((long[]) elements);
        }
    }
}
