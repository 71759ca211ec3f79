package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.graph.DType;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loops over arrays that are vectorised, held against plain ones in double. */
class TileTest {
    private static final Philox RANDOM = new Philox(7, 0, 0);

    private static Tile filled(double mean, double deviation) {
        Tile tile = Tile.own();
        for (int i = 0; i < Tile.SIZE; i++) {
            tile.x[i] = (float) (mean + deviation * RANDOM.normal(i));
        }
        return tile;
    }

    /** A relative error is that of the exponent, half a unit in its last place, and a few units of the series and the products. */
    @ParameterizedTest
    @CsvSource({"0, 1, 0, 1", "3, 2, 5, 14.3", "-40, 3, -30, 2", "0, 1, -20, 1"})
    void exponentialsAreThoseOfDoubles(double mean, double deviation, float shift, double factor) {
        Tile tile = filled(mean, deviation);
        tile.x[5] = Float.NEGATIVE_INFINITY;
        tile.x[6] = shift;
        Exponentials.of(tile, shift, factor);
        for (int i = 0; i < Tile.SIZE; i++) {
            // e^-128 is 3e-56: what is below float32's least normal number may be 0
            double exponent = Math.max(-128, factor * ((double) tile.x[i] - shift));
            double expected = Math.exp(exponent);
            assertEquals(expected, tile.y[i], expected * 1.2e-7 * (3 + Math.abs(exponent)) + 2e-38, "e^" + exponent);
        }
        assertEquals(0, tile.y[5]);
        assertEquals(1, tile.y[6]);
    }

    @Test
    void exponentialsOfWhatIsNoNumberAreNone() {
        Tile tile = filled(0, 1);
        tile.x[9] = Float.NaN;
        Exponentials.of(tile, 0, 1);
        assertEquals(Float.NaN, tile.y[9]);
        assertEquals(Float.NaN, tile.largest());
        assertEquals(Float.NaN, Tile.sum(tile.y));
    }

    @Test
    void countsWhatIsAbove() {
        Tile tile = filled(0, 1);
        tile.x[3] = 0.5f;
        tile.x[4] = Float.NEGATIVE_INFINITY;
        int expected = 0;
        float largest = Float.NEGATIVE_INFINITY;
        for (float v : tile.x) {
            expected += v > 0.5f ? 1 : 0;
            largest = Math.max(largest, v);
        }
        assertEquals(expected, Exponentials.above(tile, 0.5f));
        assertEquals(largest, tile.largest());
    }

    @Test
    void dropoutDropsWhatPhiloxSays() {
        int elements = 5 * Tile.SIZE + 37;
        FloatBuffer in = FloatBuffer.allocate(elements);
        FloatBuffer out = FloatBuffer.allocate(elements);
        for (int i = 0; i < elements; i++) {
            in.put(i, i % 100 == 0 ? Float.POSITIVE_INFINITY : 1 + i);
        }
        DropMask mask = new DropMask(0.3, -8);
        mask.begin(-123456789012345L, (1L << 33) + 5);
        mask.over(in, out, elements).run(0, DropMask.tiles(elements));
        Philox philox = new Philox(-123456789012345L, (1L << 33) + 5, -8);
        float scale = (float) (1 / 0.7);
        for (int i = 0; i < elements; i++) {
            boolean dropped = (philox.bits(i) & 0xFFFFFFFFL) < (long) (0.3 * 0x1p32);
            assertEquals(dropped ? 0 : in.get(i) * scale, out.get(i), "element " + i);
        }
    }

    /** Videos in blocks of 16 channels, rows, and rows wider than a tile; means far larger than deviations, which squares alone would lose. */
    @ParameterizedTest
    @CsvSource({"2, 3, 9, 32, true", "3, 5, 40, 16, true", "2, 3, 9, 21, false", "1, 1, 13, 2100, false", "4, 8, 9, 512, false"})
    void statisticsOfABatch(int clips, int frames, int side, int channels, boolean blocked) {
        Shape shape = Shape.of(clips, frames, side, side, channels);
        int positions = clips * frames * side * side;
        try (Memory memory = new Memory(4L * (positions + 2) * channels, "a test")) {
            Buffer x = new Buffer(at("x", memory, 0), shape, DType.F32, blocked ? Layouts.videoBlocked(shape, DType.F32) : null);
            Buffer mean = Buffer.plain(at("mean", memory, 4L * positions * channels), Shape.of(channels), DType.F32);
            Buffer variance = Buffer.plain(at("variance", memory, 4L * (positions + 1) * channels), Shape.of(channels), DType.F32);
            double[] sums = new double[channels];
            double[] squares = new double[channels];
            int perClip = positions / clips;
            for (int i = 0; i < positions * channels; i++) {
                int c = blocked ? i / 16 / perClip * 16 % channels + i % 16 : i % channels;
                float v = (float) (300 * c + RANDOM.normal(i));
                x.floats().put(i, v);
                sums[c] += v;
                squares[c] += (v - 300.0 * c) * (v - 300.0 * c);
            }
            BatchStatistics statistics = new BatchStatistics(x, mean, variance);
            statistics.add(0, 1);
            statistics.add(1, statistics.runs());
            statistics.finish();
            for (int c = 0; c < channels; c++) {
                double m = sums[c] / positions;
                double v = squares[c] / positions - (m - 300.0 * c) * (m - 300.0 * c);
                assertEquals(m, mean.floats().get(c), Math.abs(m) * 1e-7 + 1e-6, "mean " + c);
                assertEquals(v, variance.floats().get(c), 1e-6 * v, "variance " + c);
            }
        }
    }

    /** Also where float32 holds the numbers, but not their squares. */
    @ParameterizedTest
    @CsvSource({"1, 40000", "1e25, 20", "1e-28, 3000", "0, 5", "1e-3, 1"})
    void sumsOfSquares(float size, int count) {
        FloatBuffer values = FloatBuffer.allocate(count + 2);
        double expected = 0;
        for (int i = 0; i < count + 2; i++) {
            values.put(i, (float) (size * RANDOM.normal(i)));
            expected += i < 1 || i > count ? 0 : (double) values.get(i) * values.get(i);
        }
        assertEquals(expected, SquareSums.squares(values, 1, count + 1), 1e-6 * expected);
    }

    /** Of several tensors, whose parts threads share: to the bit the same for any number of these. */
    @Test
    void sumsOfSquaresOfSeveralTensors() {
        int[] sizes = {3, 200_000, 65_536, 1, 65_537};
        double[] expected = new double[sizes.length];
        try (Memory memory = new Memory(4L * IntStream.of(sizes).sum(), "a test")) {
            List<Buffer> tensors = new ArrayList<>();
            long offset = 0;
            for (int t = 0; t < sizes.length; t++) {
                Buffer tensor = Buffer.plain(at("tensor", memory, offset), Shape.of(sizes[t]), DType.F32);
                for (int i = 0; i < sizes[t]; i++) {
                    float v = (float) RANDOM.normal(i + t);
                    tensor.floats().put(i, v);
                    expected[t] += (double) v * v;
                }
                tensors.add(tensor);
                offset += 4L * sizes[t];
            }
            SquareSums sums = new SquareSums(tensors);
            double[] totals = new double[3];
            for (int threads = 1; threads <= totals.length; threads++) {
                try (Team team = new Team(threads)) {
                    sums.compute(team);
                }
                totals[threads - 1] = sums.total();
                for (int t = 0; t < sizes.length; t++) {
                    assertEquals(expected[t], sums.of(t), 1e-6 * expected[t], "tensor " + t);
                }
            }
            assertEquals(DoubleStream.of(expected).sum(), totals[0], 1e-6 * totals[0]);
            assertArrayEquals(new double[] {totals[0], totals[0], totals[0]}, totals);
        }
    }

    private static Storage at(String name, Memory memory, long offset) {
        Storage storage = new Storage(name, 0, Storage.Home.HELD);
        storage.place(memory.address() + offset);
        return storage;
    }
}
