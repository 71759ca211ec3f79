package dev.kinema.device;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An array in host memory: little endian, C order. */
public final class HostArray {
    private final DType dtype;
    private final Shape shape;
    private final ByteBuffer buffer;

    private HostArray(DType dtype, Shape shape, ByteBuffer buffer) {
        this.dtype = dtype;
        this.shape = shape;
        this.buffer = buffer;
    }

    public static HostArray allocate(DType dtype, Shape shape) {
        return new HostArray(dtype, shape, ByteBuffer.allocateDirect(Math.toIntExact(shape.elements() * dtype.bytes())));
    }

    public static HostArray wrap(DType dtype, Shape shape, ByteBuffer buffer) {
        return new HostArray(dtype, shape, buffer.slice());
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    public ByteBuffer buffer() {
        return buffer.duplicate().clear().order(ByteOrder.LITTLE_ENDIAN);
    }

    public double[] toDoubles() {
        double[] out = new double[(int) shape.elements()];
        ByteBuffer b = buffer();
        for (int i = 0; i < out.length; i++) {
            out[i] = get(b);
        }
        return out;
    }

    public float[] toFloats() {
        double[] d = toDoubles();
        float[] out = new float[d.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) d[i];
        }
        return out;
    }

    public long[] toLongs() {
        long[] out = new long[(int) shape.elements()];
        ByteBuffer b = buffer();
        for (int i = 0; i < out.length; i++) {
            out[i] = dtype == DType.I64 ? b.getLong() : (long) get(b);
        }
        return out;
    }

    public void put(float[] values) {
        ByteBuffer b = buffer();
        for (float v : values) {
            set(b, v, (long) v);
        }
    }

    public void put(double[] values) {
        ByteBuffer b = buffer();
        for (double v : values) {
            set(b, v, (long) v);
        }
    }

    public void put(long[] values) {
        ByteBuffer b = buffer();
        for (long v : values) {
            set(b, v, v);
        }
    }

    private double get(ByteBuffer b) {
        return switch (dtype) {
            case F64 -> b.getDouble();
            case F32 -> b.getFloat();
            case I64 -> b.getLong();
            case I32 -> b.getInt();
            case I16 -> b.getShort();
            case I8 -> b.get();
            case U8, BOOL -> b.get() & 0xff;
            default -> throw new KinemaException("stub: no " + dtype);
        };
    }

    private void set(ByteBuffer b, double v, long l) {
        switch (dtype) {
            case F64 -> b.putDouble(v);
            case F32 -> b.putFloat((float) v);
            case I64 -> b.putLong(l);
            case I32 -> b.putInt((int) l);
            case I16 -> b.putShort((short) l);
            case I8, U8, BOOL -> b.put((byte) l);
            default -> throw new KinemaException("stub: no " + dtype);
        }
    }
}
