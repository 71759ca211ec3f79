package dev.kinema.checkpoint;

import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;

/** A tensor or array that a file describes; its numbers are read when asked for, and the file must be open then. */
public interface StoredTensor {
    /** Element type. */
    DType dtype();

    /** Sizes. */
    Shape shape();

    /**
     * Reads the numbers, in C order.
     *
     * @throws dev.kinema.KinemaException if they take more than 2 GiB, fail the checksum, or the file is closed
     */
    HostArray read();
}
