package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Precision;
import dev.kinema.device.cpu.CpuDevice;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.SharedFilms;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Encoding in int8: what calibration sees, that features are near those of float32, and that what cannot be is said. */
@Timeout(120)
class CalibrationTest {
    private static final Calibration.Settings QUICK = new Calibration.Settings(4, 100, 1);
    private static final int LAYERS = 26;
    /**
     * What a layer adds to the noise, of its size: inputs in 255 steps to some 8 times their root mean square are off by 8 / 255 / sqrt(12)
     * of it, 0.9 %, and weights in 127 steps to 3.5 times theirs by 0.8 %; both together.
     */
    private static final double LAYER_NOISE = 0.012;
    /** The cosine of a feature to itself with the noise of all layers, 6 % of its size. Its mean over a map makes less of that: 2 to 3 %. */
    private static final double NEAR = 1 - LAYERS * LAYER_NOISE * LAYER_NOISE / 2;
    /** The same without the mean of all features: they differ from that by an eighth of their size or more, of which 6 % are a half. */
    private static final double NEAR_WITHOUT_MEAN = 0.9;

    @TempDir
    static Path folder;
    private static Path film;
    private static Path weights;
    private static MovieEncoderConfig config;

    @BeforeAll
    static void make() {
        film = TinyNetwork.film(folder.resolve("film.mp4"), 9);
        weights = backbone(folder.resolve("slow-d.safetensors"), 32);
        config = MovieEncoderConfig.of(weights).withDevice("cpu", 1).withPrecision(PrecisionChoice.FP32);
    }

    /** Slow-D of 26 layers, wide enough for kernels of 16 channels. */
    private static Path backbone(Path file, int crop) {
        BackboneWeights.random(SlowConfig.slowD(LAYERS).withWidth(16).withClip(new SlowConfig.Clip(16, crop, 4))
            .withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 7, 0)), 5).write(file, 5, 0);
        return file;
    }

    private static Path calibrated(Path weights, Path... films) {
        Path file = folder.resolve(weights.getFileName() + ".json");
        Calibration.of(weights, List.of(films), QUICK, done -> {
        }).write(file);
        return file;
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }

    /** What tells a feature from the mean of all: an untrained network's features are much alike, which alone would make cosines near 1. */
    private static List<float[]> centred(MovieFeatures features, float[] mean) {
        List<float[]> centred = new ArrayList<>();
        for (int k = 0; k < features.clips(); k++) {
            float[] row = features.feature(k).clone();
            for (int i = 0; i < row.length; i++) {
                row[i] -= mean[i];
            }
            centred.add(row);
        }
        return centred;
    }

    private static float[] mean(MovieFeatures features) {
        float[] mean = new float[features.feature(0).length];
        for (int k = 0; k < features.clips(); k++) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += features.feature(k)[i] / features.clips();
            }
        }
        return mean;
    }

    private static void assumeInt8() {
        assumeTrue(CpuDevice.hasInt8(), "this processor has no VNNI");
    }

    private static void checkNear(MovieEncoderConfig settings, Path calibration, Path film) {
        assumeInt8();
        try (MovieEncoder full = MovieEncoder.open(settings); MovieEncoder bytes = MovieEncoder.open(settings.withInt8(calibration))) {
            assertEquals(Precision.INT8, bytes.precision());
            MovieFeatures exact = full.encode(film);
            MovieFeatures rough = bytes.encode(film);
            List<float[]> differences = centred(exact, mean(exact));
            List<float[]> roughDifferences = centred(rough, mean(rough));
            for (int k = 0; k < exact.clips(); k++) {
                assertTrue(cosine(exact.feature(k), rough.feature(k)) > NEAR, film + ", clip " + k);
                assertTrue(cosine(differences.get(k), roughDifferences.get(k)) > NEAR_WITHOUT_MEAN, film + ", clip " + k + " without the mean");
                assertFalse(Arrays.equals(exact.feature(k), rough.feature(k)));
            }
        }
    }

    @Test
    void featuresAreNearThoseOfFloat32() {
        checkNear(config, calibrated(weights, film), film);
    }

    @Test
    void featuresOfARealFilmAreNear() {
        Path real = SharedFilms.film("flower.webm");
        Path large = backbone(folder.resolve("large.safetensors"), 112);
        checkNear(config.withHop(1).withPrecision(PrecisionChoice.FP32), calibrated(weights, real), real);
        checkNear(MovieEncoderConfig.of(large).withDevice("cpu", 1).withPrecision(PrecisionChoice.FP32).withHop(1), calibrated(large, real), real);
    }

    /** As it is used: calibrated on some films, by the usual settings, and given others. */
    @Test
    void featuresOfAFilmThatWasNotCalibratedOnAreNear() {
        Path other = TinyNetwork.film(folder.resolve("other.mp4"), 9, 11);
        Path file = folder.resolve("held-out.json");
        Calibration.Settings usual = new Calibration.Settings(Calibration.DEFAULT_CLIPS, Calibration.DEFAULT_PERCENTILE, 1);
        Calibration.of(weights, List.of(film, TinyNetwork.film(folder.resolve("third.mp4"), 9, 12)), usual, done -> {
        }).write(file);
        checkNear(config, file, other);
    }

    /** Channels in fours, which fill no vector. */
    @Test
    void narrowNetworksWork() {
        Path narrow = TinyNetwork.backbone(folder);
        MovieEncoderConfig settings = MovieEncoderConfig.of(narrow).withDevice("cpu", 2).withPrecision(PrecisionChoice.FP32);
        checkNear(settings, calibrated(narrow, film), film);
    }

    @Test
    void theSameComesOutEachTime() {
        assumeInt8();
        MovieEncoderConfig settings = config.withInt8(calibrated(weights, film));
        byte[] clip = new byte[16 * 32 * 32 * 3];
        new java.util.Random(3).nextBytes(clip);
        try (MovieEncoder one = MovieEncoder.open(settings); MovieEncoder other = MovieEncoder.open(settings.withBatch(3))) {
            float[] first = one.encode(clip);
            assertArrayEquals(first, one.encode(clip));
            // the steps are those of the calibration, whatever else is in the batch
            assertArrayEquals(first, other.encode(clip));
        }
    }

    @Test
    void calibratingDependsOnNothingElse() {
        Calibration one = Calibration.of(weights, List.of(film), QUICK, done -> {
        });
        assertEquals(4, one.clips());
        assertEquals(one, Calibration.of(weights, List.of(film), new Calibration.Settings(4, 100, 1), done -> {
        }));
        Calibration cut = Calibration.of(weights, List.of(film), new Calibration.Settings(4, 99, 1), done -> {
        });
        one.ranges().greatest().forEach((name, range) -> assertTrue(cut.ranges().of(name) < range, name));
        Calibration half = Calibration.of(weights, List.of(film, film), new Calibration.Settings(2, 100, 1), done -> {
        });
        assertEquals(2, half.clips());
    }

    @Test
    void filesHoldWhatWasWritten() {
        Calibration made = Calibration.of(weights, List.of(film), QUICK, done -> {
        });
        Path file = folder.resolve("calibration.json");
        made.write(file);
        assertEquals(made, Calibration.read(file));
    }

    @Test
    void wrongFilesAreSaid() throws IOException {
        Path file = Files.writeString(folder.resolve("wrong.json"), "{");
        assertSaid("no JSON", () -> Calibration.read(file));
        Files.writeString(file, "{\"format\": 1}");
        assertSaid("no calibration", () -> Calibration.read(file));
        Files.writeString(file, "{\"format\": 2, \"weights_sha256\": \"x\", \"ranges\": {}}");
        assertSaid("format 1", () -> Calibration.read(file));
        Files.writeString(file, "{\"format\": 1, \"weights_sha256\": \"x\", \"percentile\": 100, \"clips\": 1, \"ranges\": {\"w\": -1}}");
        assertSaid("-1.0", () -> Calibration.read(file));
        Files.writeString(file, "{\"format\": 1, \"weights_sha256\": \"x\", \"percentile\": 100, \"clips\": 1, \"ranges\": {\"w\": true}}");
        assertSaid("no number w", () -> Calibration.read(file));
        assertSaid("cannot be read", () -> Calibration.read(folder.resolve("missing.json")));
    }

    @Test
    void int8NeedsItsCalibration() {
        assertSaid("kinema calibrate", () -> config.withPrecision(PrecisionChoice.INT8));
        MovieEncoderConfig reference = config.withInt8(calibrated(weights, film)).withDevice("reference", 1);
        assertSaid("does not compute in int8", () -> MovieEncoder.open(reference));
        assertSaid("0 clips", () -> new Calibration.Settings(0, 100, 1));
        assertSaid("49.0", () -> new Calibration.Settings(1, 49, 1));
    }

    @Test
    void calibrationsAreOfTheirWeights() {
        assumeInt8();
        MovieEncoderConfig other = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withInt8(calibrated(weights, film));
        assertSaid("other weights", () -> MovieEncoder.open(other));
    }

    @Test
    void aProcessorWithoutVnniIsSaid() {
        assumeFalse(CpuDevice.hasInt8(), "this processor has VNNI");
        assertSaid("no VNNI", () -> MovieEncoder.open(config.withInt8(calibrated(weights, film))));
    }

    @Test
    void percentilesAreThoseOfTheValues() {
        ActivationHistogram histogram = new ActivationHistogram("w");
        FloatBuffer values = FloatBuffer.allocate(1000);
        for (int i = 0; i < 1000; i++) {
            values.put(i, i * 0.01f);
        }
        histogram.add(values);
        // bins are 2^-8 wide for values up to 10
        assertEquals(999 * 0.01f, histogram.percentile(100));
        assertEquals(9.89, histogram.percentile(99), 0x1p-8);
        assertEquals(4.99, histogram.percentile(50), 0x1p-8);
        assertEquals(1, new ActivationHistogram("w").percentile(99));
        assertSaid("-1.0", () -> histogram.add(FloatBuffer.wrap(new float[] {-1})));
        assertSaid("NaN", () -> histogram.add(FloatBuffer.wrap(new float[] {Float.NaN})));
    }

    private static void assertSaid(String part, org.junit.jupiter.api.function.Executable action) {
        String message = assertThrows(KinemaException.class, action).getMessage();
        assertTrue(message.contains(part), message);
    }
}
