package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;

/**
 * How a value is stored: dense, row by row, channels last.
 *
 * @param dtype BF16 for a value typed F32 where the program computes in bf16 and the rule that made it stores it so
 */
record Buffer(Storage storage, Shape shape, DType dtype) {
    /** The address on the device, for the C interface; known when steps run. */
    long address() {
        return storage.address();
    }

    long elements() {
        return shape.elements();
    }

    long bytes() {
        return elements() * dtype.bytes();
    }

    /** The type as the C interface numbers it. */
    int code() {
        return code(dtype);
    }

    static int code(DType dtype) {
        return switch (dtype) {
            case F32 -> Kinema.KN_F32;
            case BF16 -> Kinema.KN_BF16;
            case I32 -> Kinema.KN_I32;
            case I64 -> Kinema.KN_I64;
            case U8 -> Kinema.KN_U8;
            default -> throw new KinemaException("the cuda device computes with F32, BF16, I32, I64 and U8, not with " + dtype
                + ": convert it before it enters a graph");
        };
    }
}
