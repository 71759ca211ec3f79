package dev.kinema.device;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A dense row-major array in host memory, little-endian: what files, weights and a program's inputs and outputs are exchanged as.
 * It does no arithmetic. One that a program or weights handed out as a view is valid until those are closed.
 */
public final class HostArray {
    private final DType dtype;
    private final Shape shape;
    private final ByteBuffer buffer;

    private HostArray(DType dtype, Shape shape, ByteBuffer buffer) {
        this.dtype = dtype;
        this.shape = shape;
        this.buffer = buffer;
    }

    /** A zeroed array in direct memory, up to 2 GiB. */
    public static HostArray allocate(DType dtype, Shape shape) {
        return new HostArray(dtype, shape, ByteBuffer.allocateDirect(size(dtype, shape)).order(ByteOrder.LITTLE_ENDIAN));
    }

    /** A view of {@code bytes}, whose remaining bytes must be exactly those of the array. */
    public static HostArray wrap(DType dtype, Shape shape, ByteBuffer bytes) {
        if (bytes.remaining() != size(dtype, shape)) {
            throw new KinemaException(dtype + " " + shape + " takes " + size(dtype, shape) + " bytes, got " + bytes.remaining());
        }
        return new HostArray(dtype, shape, bytes.slice().order(ByteOrder.LITTLE_ENDIAN));
    }

    public static HostArray of(Shape shape, float... values) {
        HostArray array = allocate(DType.F32, shape);
        array.put(values);
        return array;
    }

    public static HostArray of(Shape shape, double... values) {
        HostArray array = allocate(DType.F64, shape);
        array.put(values);
        return array;
    }

    public static HostArray of(Shape shape, long... values) {
        HostArray array = allocate(DType.I64, shape);
        array.put(values);
        return array;
    }

    /** An array of its own with the same elements: what a view holds now. */
    public HostArray copy() {
        HostArray copy = allocate(dtype, shape);
        copy.put(this);
        return copy;
    }

    private static int size(DType dtype, Shape shape) {
        long bytes = shape.elements() * dtype.bytes();
        if (bytes > Integer.MAX_VALUE) {
            throw new KinemaException(dtype + " " + shape + " takes " + bytes + " bytes; one host array holds at most 2 GiB");
        }
        return (int) bytes;
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    public Type type() {
        return new Type(dtype, shape);
    }

    public int elements() {
        return (int) shape.elements();
    }

    /** The bytes, from position 0, little-endian; writing to them changes the array. */
    public ByteBuffer buffer() {
        return buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The same elements under another shape; shares memory. */
    public HostArray reshape(Shape other) {
        if (other.elements() != shape.elements()) {
            throw new KinemaException(shape + " cannot be seen as " + other);
        }
        return new HostArray(dtype, other, buffer);
    }

    /** Element {@code i} in row-major order as a double. */
    public double get(int i) {
        return switch (dtype) {
            case F64 -> buffer.getDouble(8 * i);
            case F32 -> buffer.getFloat(4 * i);
            case BF16 -> Float.intBitsToFloat(buffer.getShort(2 * i) << 16);
            case F16 -> halfToFloat(buffer.getShort(2 * i));
            case I64, I32, I16, I8, U8, BOOL -> getLong(i);
        };
    }

    /** Element {@code i} as an integer; fractions are cut off. */
    public long getLong(int i) {
        return switch (dtype) {
            case I64 -> buffer.getLong(8 * i);
            case I32 -> buffer.getInt(4 * i);
            case I16 -> buffer.getShort(2 * i);
            case I8 -> buffer.get(i);
            case U8, BOOL -> buffer.get(i) & 0xFF;
            case F64, F32, BF16, F16 -> (long) get(i);
        };
    }

    /** Sets element {@code i}, rounded to the array's type (bf16: to nearest, ties to even). */
    public void set(int i, double value) {
        switch (dtype) {
            case F64 -> buffer.putDouble(8 * i, value);
            case F32 -> buffer.putFloat(4 * i, (float) value);
            case BF16 -> buffer.putShort(2 * i, toBf16((float) value));
            case F16 -> throw new KinemaException("F16 arrays are read, not written: use F32 or BF16");
            case I64, I32, I16, I8, U8, BOOL -> set(i, (long) value);
        }
    }

    /** Sets element {@code i}. */
    public void set(int i, long value) {
        switch (dtype) {
            case I64 -> buffer.putLong(8 * i, value);
            case I32 -> buffer.putInt(4 * i, (int) value);
            case I16 -> buffer.putShort(2 * i, (short) value);
            case I8, U8, BOOL -> buffer.put(i, (byte) value);
            case F64, F32, BF16, F16 -> set(i, (double) value);
        }
    }

    /** The elements, rounded to float. */
    public float[] toFloats() {
        float[] values = new float[elements()];
        if (dtype == DType.F32) {
            buffer().asFloatBuffer().get(values);
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) get(i);
        }
        return values;
    }

    public double[] toDoubles() {
        double[] values = new double[elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(i);
        }
        return values;
    }

    public long[] toLongs() {
        long[] values = new long[elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = getLong(i);
        }
        return values;
    }

    /** Sets all elements, rounded to the array's type. */
    public void put(float... values) {
        checkCount(values.length);
        if (dtype == DType.F32) {
            buffer().asFloatBuffer().put(values);
            return;
        }
        for (int i = 0; i < values.length; i++) {
            set(i, (double) values[i]);
        }
    }

    /** Sets all elements, rounded to the array's type. */
    public void put(double... values) {
        checkCount(values.length);
        for (int i = 0; i < values.length; i++) {
            set(i, values[i]);
        }
    }

    /** Sets all elements. */
    public void put(long... values) {
        checkCount(values.length);
        for (int i = 0; i < values.length; i++) {
            set(i, values[i]);
        }
    }

    /** Sets all elements from an array of the same shape, converting the type where it differs. */
    public void put(HostArray other) {
        if (!other.shape.equals(shape)) {
            throw new KinemaException("an array " + other.type() + " does not fit into " + type());
        }
        if (other.dtype == dtype) {
            buffer().put(other.buffer());
        } else if (dtype.isFloating()) {
            put(other.toDoubles());
        } else {
            put(other.toLongs());
        }
    }

    private void checkCount(int count) {
        if (count != elements()) {
            throw new KinemaException(type() + " holds " + elements() + " elements, got " + count);
        }
    }

    /** The bf16 nearest to {@code value}, ties to even; NaN stays NaN. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    /** The float that a half-precision number stands for. */
    private static float halfToFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = half >>> 10 & 0x1F;
        int fraction = half & 0x3FF;
        if (exponent == 0) {
            return (sign == 0 ? 1 : -1) * fraction * 0x1p-24f;
        }
        int wide = exponent == 31 ? 0xFF : exponent + 112;
        return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
    }

    @Override
    public String toString() {
        return type().toString();
    }
}
