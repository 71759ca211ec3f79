package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.device.cuda.Emulated;
import dev.kinema.run.Metrics;
import dev.kinema.run.StepLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pretraining by the CUDA kernels, as the emulator runs them: the losses of the other devices, and the same bits after an interruption. */
class CudaTrainingTest {
    private static final String MOCO = "objective: {kind: moco, head: {layers: 2, hidden: 16, width: 8, norm: false}, queue: 50}";
    private static final String CVRL = "objective: {kind: cvrl, head: {layers: 2, hidden: 16, width: 8, norm: true, norm_momentum: 0.1}}";
    private static final List<String> STAGES = List.of("backbone", "contextualizer");

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheEmulator() {
        Emulated.device().close();
    }

    private Path run(String device, String objective, Path out, Pretraining.Watcher watcher) throws IOException {
        Path file = folder.resolve("tiny.yaml");
        if (!Files.exists(file)) {
            TinyRun.write(folder);
        }
        String text = "device: '" + device + "'\nthreads: 1\n" + Files.readString(file).replace(MOCO, objective);
        Pretraining.run(ConfigReader.parse(device, text, PretrainConfig.class), out, List.of("pretrain"), watcher);
        return out;
    }

    private static double[] losses(Path run, String stage) {
        return StepLog.read(run.resolve(stage + "/log.jsonl")).get("loss").values();
    }

    /** Stops after a step of a stage. */
    private record Stop(String in, long after, StringBuilder stage) implements Pretraining.Watcher {
        static Stop never() {
            return new Stop("", 0, new StringBuilder());
        }

        @Override
        public void begun(String name, Path where) {
            stage.setLength(0);
            stage.append(name);
        }

        @Override
        public void ended(String name, Path where, boolean before) {}

        @Override
        public void step(long done, long steps, Metrics metrics, double rate, double secondsLeft) {
            if (stage.toString().equals(in) && done == after) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void note(String message) {}
    }

    private void lossesAreThoseOfOtherDevices(String objective) throws IOException {
        Path reference = run("reference", objective, folder.resolve("reference"), Stop.never());
        Path cpu = run("cpu", objective, folder.resolve("cpu"), Stop.never());
        Path cuda = run("cuda-emulated:0", objective, folder.resolve("cuda"), Stop.never());
        for (String stage : STAGES) {
            double[] exact = losses(reference, stage);
            assertTrue(exact[exact.length - 1] != exact[0], "nothing was trained");
            // In double. Rounding differs by some 1e-7 in the first step; each step passes that on, and training makes it grow: 1e-4 at most.
            near(exact, losses(cuda, stage), 5e-4, stage + " beside reference");
            // The cpu device is itself off the reference by up to 1e-2 after some steps: where a ReLU is near 0, one of the two cuts it off.
            near(losses(cpu, stage), losses(cuda, stage), 2e-2, stage + " beside cpu");
        }
        assertEquals(losses(cpu, "backbone")[0], losses(cuda, "backbone")[0], 1e-5 * losses(cpu, "backbone")[0], "before the first update");
    }

    private static void near(double[] expected, double[] actual, double bound, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], bound * expected[i], what + ", step " + i);
        }
    }

    @Test
    void lossesOfCvrlAndMaskPredictionAreThoseOfOtherDevices() throws IOException {
        lossesAreThoseOfOtherDevices(CVRL);
    }

    @Test
    void lossesOfMocoAndMaskPredictionAreThoseOfOtherDevices() throws IOException {
        lossesAreThoseOfOtherDevices(MOCO);
    }

    @Test
    void interruptedRunsEndAsThoseThatWereNot() throws IOException {
        Path whole = run("cuda-emulated:0", CVRL, folder.resolve("whole"), Stop.never());
        Path stopped = folder.resolve("stopped");
        for (Stop stop : List.of(new Stop("backbone", 11, new StringBuilder()), new Stop("contextualizer", 7, new StringBuilder()))) {
            KinemaException e = assertThrows(KinemaException.class, () -> run("cuda-emulated:0", CVRL, stopped, stop));
            assertTrue(Thread.interrupted(), e::getMessage);
        }
        run("cuda-emulated:0", CVRL, stopped, Stop.never());
        for (String stage : STAGES) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(stage + "/weights.safetensors")),
                Files.readAllBytes(stopped.resolve(stage + "/weights.safetensors")), stage);
            assertArrayEquals(losses(whole, stage), losses(stopped, stage), stage);
        }
    }
}
