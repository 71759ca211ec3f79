package dev.kinema.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import dev.kinema.golden.GoldenFile;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LearningRateTest {
    /** PySlowFast's lr_policy, its numbers computed in float64: both sides round a dozen operations, far below 1e-12. */
    @ParameterizedTest
    @ValueSource(strings = {"slow_8x8_r50_kinetics", "cosine_after_warmup_end_lr", "moco_ssl", "steps", "no_warmup"})
    void pySlowFastSchedules(String name) {
        JsonObject golden = GoldenFile.json("optim/lr_schedule.json").getAsJsonObject(name);
        LearningRate rate = rate(golden.getAsJsonObject("solver"));
        for (JsonElement e : golden.getAsJsonArray("lr")) {
            double epoch = e.getAsJsonObject().get("epoch").getAsDouble();
            double expected = e.getAsJsonObject().get("lr").getAsDouble();
            // near the end of a cosine the rate is the difference of two numbers near the base, so its rounding is that of the base
            double base = golden.getAsJsonObject("solver").get("BASE_LR").getAsDouble();
            assertEquals(expected, rate.at(epoch), 1e-12 * Math.max(expected, 1e-3 * base), name + " at " + epoch);
        }
    }

    private static LearningRate rate(JsonObject solver) {
        double base = solver.get("BASE_LR").getAsDouble();
        double epochs = solver.get("MAX_EPOCH").getAsDouble();
        double warmUp = solver.get("WARMUP_EPOCHS").getAsDouble();
        double from = solver.get("COSINE_AFTER_WARMUP").getAsBoolean() ? warmUp : 0;
        LearningRate rate = solver.get("LR_POLICY").getAsString().equals("cosine")
            ? LearningRate.cosine(base, solver.get("COSINE_END_LR").getAsDouble(), from, epochs)
            : LearningRate.steps(base, numbers(solver.get("STEPS")), numbers(solver.get("LRS")));
        return rate.withWarmUp(solver.get("WARMUP_START_LR").getAsDouble(), warmUp);
    }

    private static List<Double> numbers(JsonElement json) {
        return DoubleStream.of(GoldenFile.numbers(json)).boxed().toList();
    }

    @Test
    void linear() {
        LearningRate rate = LearningRate.linear(1, 0, 2, 10).withWarmUp(0, 2);
        assertEquals(0.5, rate.at(1));
        assertEquals(1, rate.at(2));
        assertEquals(0.25, rate.at(8));
        assertEquals(3, LearningRate.constant(3).at(7));
    }

    @Test
    void impossibleSchedules() {
        assertThrows(KinemaException.class, () -> LearningRate.cosine(1, 0, 10, 10));
        assertThrows(KinemaException.class, () -> LearningRate.steps(1, List.of(1.0, 2.0), List.of(1.0, 0.1)));
        assertThrows(KinemaException.class, () -> LearningRate.steps(1, List.of(0.0, 5.0, 3.0), List.of(1.0, 0.1, 0.01)));
        assertThrows(KinemaException.class, () -> LearningRate.steps(1, List.of(0.0, 5.0), List.of(1.0)));
    }

    /** MoCo's decay from 0.994 over 200 epochs: published values of PySlowFast. */
    @Test
    void movingAverageDecay() {
        assertEquals(0.994, MovingAverage.decay(0.994, 0, 200), 1e-15);
        assertEquals(0.99487868, MovingAverage.decay(0.994, 50, 200), 5e-9);
        assertEquals(0.997, MovingAverage.decay(0.994, 100, 200), 1e-15);
        assertEquals(0.99912132, MovingAverage.decay(0.994, 150, 200), 5e-9);
    }
}
