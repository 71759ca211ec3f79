package dev.kinema.device.cpu;

/**
 * The transforms of Winograd's convolutions F(4, 3): four outputs of a kernel of three taps by six products in place of twelve (Lavin and
 * Gray, arXiv:1509.09308, section 4). For an input window d and a kernel g, y = A [(G g) * (B d)], elementwise between the brackets, where
 * rows of G and columns of A are values at points and B holds the coefficients of the polynomials that vanish at the other points: the
 * Toom-Cook algorithm, transposed.
 *
 * <p>The points are 0, 3/4, -3/4, 3/2, -3/2 and infinity. With random numbers the error is half that of the usual 0, 1, -1, 2, -2 (in the
 * relative Euclidean norm 1.3e-6 over an image with 256 channels, where that has 2.6e-6), since powers stay near 1. They suit no sum of
 * shifts, but here transforms are matrix products, which take any coefficients; those of A and B are exact in float32.
 */
final class ToomCook {
    /** Outputs of a tile. */
    static final int OUTPUTS = 4;
    /** Taps of a kernel. */
    static final int TAPS = 3;
    /** Products of a tile, and inputs of its window. */
    static final int PRODUCTS = OUTPUTS + TAPS - 1;

    /** Infinity is the last point. */
    private static final double[] POINTS = {0, 0.75, -0.75, 1.5, -1.5};
    private static final int INFINITY = POINTS.length;

    /** In which order the products of a band's tiles lie. */
    enum Order {
        /** All tiles' first products, then all tiles' second ones. */
        BY_PRODUCT,
        /** All products of the first tile, then those of the second. */
        BY_TILE;

        int row(int tile, int product, int tiles) {
            return this == BY_PRODUCT ? product * tiles + tile : tile * PRODUCTS + product;
        }
    }

    private ToomCook() {}

    /** Tiles that cover {@code length} outputs. */
    static int tiles(int length) {
        return (length + OUTPUTS - 1) / OUTPUTS;
    }

    /** Products of all tiles of {@code length} outputs. */
    static int products(int length) {
        return PRODUCTS * tiles(length);
    }

    /** G, [products, taps]: what a kernel is at the points. */
    static double[][] kernel() {
        double[][] g = new double[PRODUCTS][TAPS];
        for (int i = 0; i < INFINITY; i++) {
            double scale = 1;
            for (int j = 0; j < INFINITY; j++) {
                scale *= j == i ? 1 : POINTS[i] - POINTS[j];
            }
            for (int k = 0; k < TAPS; k++) {
                g[i][k] = Math.pow(POINTS[i], k) / scale;
            }
        }
        g[INFINITY][TAPS - 1] = 1;
        return g;
    }

    /** A, [outputs, products] of one tile. */
    private static double[][] output() {
        double[][] a = new double[OUTPUTS][PRODUCTS];
        for (int i = 0; i < INFINITY; i++) {
            for (int j = 0; j < OUTPUTS; j++) {
                a[j][i] = Math.pow(POINTS[i], j);
            }
        }
        a[OUTPUTS - 1][INFINITY] = 1;
        return a;
    }

    /** B, [products, window] of one tile. */
    private static double[][] input() {
        double[][] b = new double[PRODUCTS][PRODUCTS];
        for (int i = 0; i < PRODUCTS; i++) {
            b[i][0] = 1;
            int degree = 0;
            for (int j = 0; j < INFINITY; j++) {
                if (j != i) {
                    degree++;
                    for (int k = degree; k > 0; k--) {
                        b[i][k] = b[i][k - 1] - POINTS[j] * b[i][k];
                    }
                    b[i][0] *= -POINTS[j];
                }
            }
        }
        return b;
    }

    /**
     * B of a band, [products, inputs], row by row: windows overlap by two, and what they see beyond the ends of the axis is the padding of
     * one zero, which has no column.
     */
    static float[] inputMatrix(Band band, Order order) {
        double[][] b = input();
        float[] matrix = new float[band.products() * band.inputs()];
        for (int tile = 0; tile < band.tiles(); tile++) {
            for (int i = 0; i < PRODUCTS; i++) {
                for (int k = 0; k < PRODUCTS; k++) {
                    int at = band.firstOutput() + tile * OUTPUTS - 1 + k;
                    if (at >= 0 && at < band.length()) {
                        matrix[order.row(tile, i, band.tiles()) * band.inputs() + at - band.firstInput()] = (float) b[i][k];
                    }
                }
            }
        }
        return matrix;
    }

    /** A of a band, [outputs, products], row by row; the last tile's outputs beyond the end of the axis have no row. */
    static float[] outputMatrix(Band band, Order order) {
        double[][] a = output();
        float[] matrix = new float[band.outputs() * band.products()];
        for (int at = 0; at < band.outputs(); at++) {
            for (int i = 0; i < PRODUCTS; i++) {
                matrix[at * band.products() + order.row(at / OUTPUTS, i, band.tiles())] = (float) a[at % OUTPUTS][i];
            }
        }
        return matrix;
    }
}
