package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.cpu.ToomCook.Order;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ToomCookTest {
    /** Every length up to three tiles and a part, computed in double: what is left is rounding, and coefficients that float32 cannot hold. */
    @ParameterizedTest
    @EnumSource(Order.class)
    void productsAtPointsAreTheConvolution(Order order) {
        Random random = new Random(3);
        for (int length = 1; length <= 14; length++) {
            double[] x = random.doubles(length, -1, 1).toArray();
            double[] kernel = random.doubles(ToomCook.TAPS, -1, 1).toArray();
            double[] y = convolution(x, kernel, order);
            for (int at = 0; at < length; at++) {
                double expected = 0;
                for (int tap = 0; tap < ToomCook.TAPS; tap++) {
                    int from = at + tap - 1;
                    expected += from < 0 || from >= length ? 0 : kernel[tap] * x[from];
                }
                assertEquals(expected, y[at], 1e-12, order + ", output " + at + " of " + length);
            }
        }
    }

    /** Each band's matrices are a part of those of the whole axis, which has nothing but zeros beside them, and the parts make up the axis. */
    @Test
    void bandsAreTheAxis() {
        for (int length = 1; length <= 45; length++) {
            Band whole = Band.whole(length);
            float[] input = new float[whole.products() * length];
            float[] output = new float[length * whole.products()];
            for (Band band : Band.of(length, 4)) {
                assertTrue(band.tiles() <= 4, band.toString());
                place(ToomCook.inputMatrix(band, Order.BY_TILE), band.inputs(), input, length, band.firstProduct(), band.firstInput());
                place(ToomCook.outputMatrix(band, Order.BY_TILE), band.products(), output, whole.products(), band.firstOutput(),
                    band.firstProduct());
            }
            assertArrayEquals(ToomCook.inputMatrix(whole, Order.BY_TILE), input, Float.MIN_VALUE, "inputs, " + length);
            assertArrayEquals(ToomCook.outputMatrix(whole, Order.BY_TILE), output, Float.MIN_VALUE, "outputs, " + length);
        }
    }

    private static void place(float[] part, int columns, float[] whole, int wholeColumns, int row, int column) {
        for (int i = 0; i < part.length; i++) {
            whole[(row + i / columns) * wholeColumns + column + i % columns] += part[i];
        }
    }

    private static double[] convolution(double[] x, double[] kernel, Order order) {
        Band axis = Band.whole(x.length);
        int tiles = axis.tiles();
        double[] points = product(ToomCook.inputMatrix(axis, order), x);
        double[][] g = ToomCook.kernel();
        for (int tile = 0; tile < tiles; tile++) {
            for (int i = 0; i < ToomCook.PRODUCTS; i++) {
                double value = 0;
                for (int tap = 0; tap < ToomCook.TAPS; tap++) {
                    value += g[i][tap] * kernel[tap];
                }
                points[order.row(tile, i, tiles)] *= value;
            }
        }
        return product(ToomCook.outputMatrix(axis, order), points);
    }

    private static double[] product(float[] matrix, double[] x) {
        double[] y = new double[matrix.length / x.length];
        for (int i = 0; i < matrix.length; i++) {
            y[i / x.length] += matrix[i] * x[i % x.length];
        }
        return y;
    }
}
