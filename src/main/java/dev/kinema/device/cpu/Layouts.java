package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import org.bytedeco.dnnl.memory;

/** oneDNN descriptions of our values. Video [N, T, H, W, C] is described in oneDNN's order (N, C, T, H, W), whatever its storage. */
final class Layouts {
    private Layouts() {}

    static memory.data_type type(DType dtype) {
        return switch (dtype) {
            case F32 -> memory.data_type.f32;
            case BF16 -> memory.data_type.bf16;
            case I32 -> memory.data_type.s32;
            case U8 -> memory.data_type.u8;
            case I8 -> memory.data_type.s8;
            default -> throw new IllegalArgumentException(dtype + " is no type of the cpu device's primitives");
        };
    }

    private static long[] videoDims(Shape s) {
        return new long[] {s.dim(0), s.dim(4), s.dim(1), s.dim(2), s.dim(3)};
    }

    /** Stored as it is typed, channels last. */
    static memory.desc video(Shape s, DType dtype) {
        return new memory.desc(videoDims(s), type(dtype), memory.format_tag.ndhwc);
    }

    /** Channels in blocks of 16, what training's convolutions like best. */
    static memory.desc videoBlocked(Shape s, DType dtype) {
        return new memory.desc(videoDims(s), type(dtype), memory.format_tag.nCdhw16c);
    }

    /** The memory of {@link #videoBlocked}, where each frame is one row of pixels. */
    static memory.desc rowsBlocked(Shape s, DType dtype) {
        return new memory.desc(new long[] {s.dim(0), s.dim(4), s.dim(1), (long) s.dim(2) * s.dim(3)}, type(dtype),
            memory.format_tag.nChw16c);
    }

    /** Frames one after the other, each with its channels in blocks of 16. */
    static memory.desc framesBlocked(Shape s, DType dtype) {
        return new memory.desc(new long[] {(long) s.dim(0) * s.dim(1), s.dim(4), s.dim(2), s.dim(3)}, type(dtype),
            memory.format_tag.nChw16c);
    }

    /** oneDNN's choice. */
    static memory.desc videoAny(Shape s, DType dtype) {
        return new memory.desc(videoDims(s), type(dtype), memory.format_tag.any);
    }

    /** Convolution weights [O, I, kT, kH, kW] as they are typed. */
    static memory.desc filter(Shape s, DType dtype) {
        return new memory.desc(longs(s), type(dtype), memory.format_tag.oidhw);
    }

    static memory.desc filterAny(Shape s, DType dtype) {
        return new memory.desc(longs(s), type(dtype), memory.format_tag.any);
    }

    /** The memory of {@link #filter} in float32, for a kernel [O, I, kT, 1, 1] over rows of pixels. */
    static memory.desc temporalFilter(Shape s) {
        return new memory.desc(temporalDims(s), type(DType.F32), memory.format_tag.oihw);
    }

    static memory.desc temporalFilterAny(Shape s, DType dtype) {
        return new memory.desc(temporalDims(s), type(dtype), memory.format_tag.any);
    }

    /** A kernel [O, I, 1, kH, kW] of one frame. */
    static memory.desc frameFilter(Shape s, DType dtype, memory.format_tag tag) {
        return new memory.desc(new long[] {s.dim(0), s.dim(1), s.dim(3), s.dim(4)}, type(dtype), tag);
    }

    private static long[] temporalDims(Shape s) {
        return new long[] {s.dim(0), s.dim(1), s.dim(2), 1};
    }

    /** All elements in a row. */
    static memory.desc flat(long elements, DType dtype) {
        return new memory.desc(new long[] {elements}, type(dtype), memory.format_tag.a);
    }

    static memory.desc matrix(long rows, long columns, DType dtype) {
        return strided(dtype, new long[] {rows, columns}, columns, 1);
    }

    /** A matrix seen through its transpose: element (r, c) lies at c * rows + r. */
    static memory.desc transposed(long rows, long columns, DType dtype) {
        return strided(dtype, new long[] {rows, columns}, 1, rows);
    }

    static memory.desc matrixAny(long rows, long columns, DType dtype) {
        return new memory.desc(new long[] {rows, columns}, type(dtype), memory.format_tag.any);
    }

    static memory.desc strided(DType dtype, long[] dims, long... strides) {
        return new memory.desc(dims, type(dtype), strides);
    }

    private static long[] longs(Shape s) {
        long[] dims = new long[s.rank()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = s.dim(i);
        }
        return dims;
    }
}
