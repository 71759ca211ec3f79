package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.cpu.ToomCook.Order;
import java.util.Random;
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

    private static double[] convolution(double[] x, double[] kernel, Order order) {
        int tiles = ToomCook.tiles(x.length);
        double[] points = product(ToomCook.inputMatrix(x.length, order), x);
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
        return product(ToomCook.outputMatrix(x.length, order), points);
    }

    private static double[] product(float[] matrix, double[] x) {
        double[] y = new double[matrix.length / x.length];
        for (int i = 0; i < matrix.length; i++) {
            y[i / x.length] += matrix[i] * x[i % x.length];
        }
        return y;
    }
}
