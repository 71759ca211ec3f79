package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class HostArrayTest {
    private static double bf16(double x) {
        HostArray array = HostArray.allocate(DType.BF16, Shape.of(1));
        array.set(0, x);
        return array.get(0);
    }

    private static double f16(int bits) {
        HostArray array = HostArray.wrap(DType.F16, Shape.of(1), ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort(0, (short) bits));
        return array.get(0);
    }

    @Test
    void copiesAreOfTheirOwn() {
        for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.I64, DType.U8}) {
            HostArray array = HostArray.allocate(dtype, Shape.of(2, 1));
            array.put(3L, 4L);
            HostArray copy = array.copy();
            array.put(5L, 6L);
            assertEquals(array.type(), copy.type());
            assertArrayEquals(new long[] {3, 4}, copy.toLongs());
        }
    }

    @Test
    void bf16RoundsToNearestEven() {
        assertEquals(1, bf16(1));
        assertEquals(1, bf16(1 + 0x1p-8), "a tie, to even");
        assertEquals(1 + 0x1p-6, bf16(1 + 0x1.8p-7), "a tie, to even");
        assertEquals(1 + 0x1p-7, bf16(1 + 0x1.01p-8), "above the tie");
        assertEquals(-1 - 0x1p-7, bf16(-1 - 0x1.01p-8));
        assertEquals(0x1p-133, bf16(0x1p-133), "the smallest subnormal");
        assertEquals(Double.POSITIVE_INFINITY, bf16(Float.MAX_VALUE), "rounds up past the largest");
        assertEquals(Double.NEGATIVE_INFINITY, bf16(Double.NEGATIVE_INFINITY));
        assertEquals(0, Double.compare(-0.0, bf16(-0.0)));
        assertTrue(Double.isNaN(bf16(Double.NaN)));
        assertTrue(Float.isNaN(Float.intBitsToFloat(HostArray.toBf16(Float.intBitsToFloat(0x7F800001)) << 16)), "a NaN whose payload is cut off");
    }

    @Test
    void halfPrecisionIsRead() {
        assertEquals(1, f16(0x3C00));
        assertEquals(-2, f16(0xC000));
        assertEquals(65504, f16(0x7BFF));
        assertEquals(0x1p-14, f16(0x0400), "the smallest normal");
        assertEquals(0x1p-24, f16(0x0001), "the smallest subnormal");
        assertEquals(-1023 * 0x1p-24, f16(0x83FF), "the largest subnormal");
        assertEquals(1.0 / 3, f16(0x3555), 1e-4);
        assertEquals(Double.POSITIVE_INFINITY, f16(0x7C00));
        assertTrue(Double.isNaN(f16(0x7E00)));
        assertThrows(KinemaException.class, () -> HostArray.allocate(DType.F16, Shape.of(1)).set(0, 1.0));
    }

    @Test
    void integersKeepTheirSign() {
        HostArray u8 = HostArray.allocate(DType.U8, Shape.of(1));
        u8.set(0, 255L);
        assertEquals(255, u8.get(0));
        for (DType dtype : new DType[] {DType.I8, DType.I16, DType.I32, DType.I64}) {
            HostArray array = HostArray.allocate(dtype, Shape.of(1));
            array.set(0, -2L);
            assertEquals(-2, array.getLong(0), dtype.toString());
        }
        HostArray i64 = HostArray.of(Shape.of(1), Long.MAX_VALUE);
        assertEquals(Long.MAX_VALUE, i64.getLong(0), "not through a double");
    }

    @Test
    void typesConvertBothWays() {
        HostArray doubles = HostArray.of(Shape.of(2, 2), 1.5, -2.5, 1.0 / 3, 7);
        HostArray floats = HostArray.allocate(DType.F32, Shape.of(2, 2));
        floats.put(doubles);
        assertArrayEquals(new float[] {1.5f, -2.5f, 1 / 3f, 7}, floats.toFloats());
        HostArray ints = HostArray.allocate(DType.I32, Shape.of(2, 2));
        ints.put(doubles);
        assertArrayEquals(new long[] {1, -2, 0, 7}, ints.toLongs(), "fractions are cut off");
        floats.put(ints);
        assertArrayEquals(new double[] {1, -2, 0, 7}, floats.toDoubles());
    }

    @Test
    void bytesAreLittleEndianAndShared() {
        HostArray array = HostArray.of(Shape.of(2), 1f, 2f);
        assertEquals(0x3F800000, array.buffer().getInt(0));
        assertEquals(ByteOrder.LITTLE_ENDIAN, array.buffer().order());
        array.buffer().putFloat(4, 5);
        assertEquals(5, array.reshape(Shape.of(2, 1)).get(1));
    }

    @Test
    void sizesMustMatch() {
        HostArray array = HostArray.allocate(DType.F32, Shape.of(2, 3));
        assertThrows(KinemaException.class, () -> array.put(1f, 2f));
        assertThrows(KinemaException.class, () -> array.put(HostArray.allocate(DType.F32, Shape.of(3, 2))));
        assertThrows(KinemaException.class, () -> array.reshape(Shape.of(5)));
        assertThrows(KinemaException.class, () -> HostArray.wrap(DType.F32, Shape.of(2), ByteBuffer.allocate(9)));
        assertThrows(KinemaException.class, () -> HostArray.allocate(DType.F32, Shape.of(1 << 15, 1 << 15)));
    }
}
