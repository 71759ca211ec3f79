package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import org.bytedeco.dnnl.memory;

/**
 * How a value is stored.
 *
 * @param layout oneDNN's description if the elements do not lie row by row; null if they do ("plain")
 */
record Buffer(Storage storage, Shape shape, DType dtype, memory.desc layout) {
    static Buffer plain(Storage storage, Shape shape, DType dtype) {
        return new Buffer(storage, shape, dtype, null);
    }

    boolean isPlain() {
        return layout == null;
    }

    /** As a vector: what elementwise primitives need where the layout does not matter. */
    memory.desc flat() {
        return isPlain() ? Layouts.flat(shape.elements(), dtype) : layout;
    }

    /** As video, for buffers of values [N, T, H, W, C]. */
    memory.desc video() {
        return isPlain() ? Layouts.video(shape, dtype) : layout;
    }

    /** As rows by the last axis. */
    memory.desc matrix() {
        return Layouts.matrix(shape.rows(), shape.last(), dtype);
    }

    int elements() {
        if (shape.elements() > Integer.MAX_VALUE) {
            throw new KinemaException("an operation outside oneDNN works on at most 2^31 elements, this value is " + shape
                + ": use a smaller batch");
        }
        return (int) shape.elements();
    }

    /** Bytes that it takes in its layout, padding included. */
    long storedBytes() {
        return isPlain() ? shape.elements() * dtype.bytes() : layout.get_size();
    }

    /** The memory, of a plain buffer. */
    ByteBuffer bytes() {
        return Memory.view(storage.address(), shape.elements() * dtype.bytes());
    }

    FloatBuffer floats() {
        return bytes().asFloatBuffer();
    }

    ShortBuffer shorts() {
        return bytes().asShortBuffer();
    }

    IntBuffer ints() {
        return bytes().asIntBuffer();
    }

    LongBuffer longs() {
        return bytes().asLongBuffer();
    }
}
