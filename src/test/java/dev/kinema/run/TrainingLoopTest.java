package dev.kinema.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.run.ToyTraining.Faults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingLoopTest {
    private static final LoopSettings EVERY_TWO = new LoopSettings(2, 0, 2, 1);
    private static final Environment HERE = Environment.here("toy", 1, List.of("test"));

    @TempDir
    Path folder;

    private Device device;
    private final List<String> notes = new ArrayList<>();
    private final List<Long> shown = new ArrayList<>();

    /** Ends the process as far as the loop can tell: nothing catches it. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    @BeforeEach
    void open() {
        device = Device.open("reference", 1);
    }

    @AfterEach
    void close() {
        // a test that failed must not interrupt the next one
        Thread.interrupted();
        device.close();
    }

    private TrainingLoop.Outcome run(String name, Faults faults, LoopSettings settings) {
        Progress progress = new Progress() {
            @Override
            public void step(long done, long steps, Metrics metrics, double rate, double secondsLeft) {
                assertEquals(ToyTraining.STEPS, steps);
                assertTrue(rate > 0 && secondsLeft >= 0, () -> rate + " steps/s, " + secondsLeft + " s left");
                shown.add(done);
            }

            @Override
            public void note(String message) {
                notes.add(message);
            }
        };
        try (RunFolder run = RunFolder.open(folder.resolve(name), "steps: 7\n", HERE)) {
            return TrainingLoop.run(checked -> new ToyTraining(device, checked, faults), run, settings, progress);
        } finally {
            assertEquals(0, faults.open, "every training is closed");
        }
    }

    private TrainingLoop.Outcome run(String name) {
        return run(name, new Faults(), EVERY_TWO);
    }

    private void kill(String name, long at) {
        Faults faults = new Faults();
        faults.during = step -> {
            if (step == at) {
                throw new Killed();
            }
        };
        assertThrows(Killed.class, () -> run(name, faults, EVERY_TWO));
    }

    private KinemaException fails(String name, Faults faults, LoopSettings settings) {
        return assertThrows(KinemaException.class, () -> run(name, faults, settings));
    }

    private List<String> checkpoints(String name) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(name).resolve("checkpoints"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private Path checkpoint(String name, int step) {
        return folder.resolve(name).resolve("checkpoints").resolve(String.format("step-%09d.safetensors", step));
    }

    /** All tensors of the last checkpoint, and its metadata but for the time and the log's length, whose lines hold times. */
    private static Map<String, Object> state(Path checkpoint) {
        Map<String, Object> state = new TreeMap<>();
        try (Safetensors file = Safetensors.open(checkpoint)) {
            file.names().forEach(name -> state.put(name, bits(file.read(name))));
            file.metadata().forEach(state::put);
        }
        state.remove("run.seconds");
        state.remove("run.log_bytes");
        return state;
    }

    private static List<Byte> bits(HostArray array) {
        List<Byte> bits = new ArrayList<>();
        for (int i = 0; i < array.buffer().remaining(); i++) {
            bits.add(array.buffer().get(i));
        }
        return bits;
    }

    private List<JsonObject> log(String name) throws IOException {
        List<JsonObject> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(name).resolve("log.jsonl"))) {
            JsonObject object = JsonParser.parseString(line).getAsJsonObject();
            StepLog.TIMINGS.forEach(timing -> assertTrue(object.remove(timing).getAsDouble() >= 0, timing));
            lines.add(object);
        }
        return lines;
    }

    private void assertSameRun(String name, TrainingLoop.Outcome outcome, TrainingLoop.Outcome undisturbed) throws IOException {
        assertEquals(state(undisturbed.checkpoint()), state(outcome.checkpoint()), name);
        assertEquals(log("undisturbed"), log(name), name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void killedRunGoesOnWithTheSameBits(String deviceName) throws IOException {
        device.close();
        device = Device.open(deviceName, 1);
        TrainingLoop.Outcome undisturbed = run("undisturbed");
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L), shown);
        assertEquals(7, log("undisturbed").size());
        assertEquals(0, undisturbed.resumedFrom());
        for (int at = 0; at < ToyTraining.STEPS; at++) {
            String name = "killed-" + at;
            kill(name, at);
            assertEquals(at, log(name).size(), "lines before the kill");
            TrainingLoop.Outcome outcome = run(name);
            assertEquals(at / 2 * 2, outcome.resumedFrom());
            assertSameRun(name, outcome, undisturbed);
        }
        for (int at = 0; at < ToyTraining.STEPS; at++) {
            kill("often", at);
        }
        TrainingLoop.Outcome outcome = run("often");
        assertSameRun("often", outcome, undisturbed);
        assertTrue(outcome.seconds() > 0);
        assertEquals(outcome.checkpoint(), run("often").checkpoint(), "a complete run has nothing to do");
        assertSameRun("often", outcome, undisturbed);
    }

    @Test
    void linesAfterTheCheckpointAndTornOnesAreCutOff() throws IOException {
        run("undisturbed");
        kill("torn", 3);
        // longer than what is written over it
        Files.writeString(folder.resolve("torn/log.jsonl"), "{\"step\":3}\n".repeat(500) + "{\"step\":4,\"lo", StandardOpenOption.APPEND);
        assertSameRun("torn", run("torn"), run("undisturbed"));
        assertTrue(notes.stream().noneMatch(note -> note.contains("lost lines")), notes::toString);
        kill("lost", 3);
        Files.writeString(folder.resolve("lost/log.jsonl"), "{\"step\":0,\"loss\":1}\n{\"st");
        run("lost");
        assertTrue(notes.stream().anyMatch(note -> note.contains("lost lines")), notes::toString);
        assertEquals(List.of(0L, 2L, 3L, 4L, 5L, 6L), loggedSteps("lost"), "what is left, and what was done after the checkpoint");
    }

    private List<Long> loggedSteps(String name) {
        return Arrays.stream(StepLog.read(folder.resolve(name).resolve("log.jsonl")).get("loss").steps()).boxed().toList();
    }

    /** One bit of the numbers has turned: the file is whole, and what it holds is not what was saved. */
    @Test
    void silentlyChangedCheckpointIsSetAside() throws IOException {
        TrainingLoop.Outcome undisturbed = run("whole-bits", new Faults(), new LoopSettings(2, 0, 3, 1));
        kill("turned", 5);
        byte[] bytes = Files.readAllBytes(checkpoint("turned", 4));
        bytes[bytes.length - 3] ^= 4;
        Files.write(checkpoint("turned", 4), bytes);
        notes.clear();
        TrainingLoop.Outcome outcome = run("turned", new Faults(), new LoopSettings(2, 0, 3, 1));
        assertTrue(notes.get(0).contains("checksum"), notes::toString);
        assertEquals(undisturbed.steps(), outcome.steps());
        assertEquals(2, outcome.resumedFrom());
    }

    @Test
    void damagedCheckpointIsSetAsideAndNamed() throws IOException {
        TrainingLoop.Outcome undisturbed = run("undisturbed");
        kill("damaged", 5);
        assertEquals(List.of("step-000000002.safetensors", "step-000000004.safetensors"), checkpoints("damaged"));
        byte[] whole = Files.readAllBytes(checkpoint("damaged", 4));
        Files.write(checkpoint("damaged", 4), Arrays.copyOf(whole, whole.length - 5));
        Files.write(checkpoint("damaged", 4).resolveSibling(".kinema-0123456789abcdef.part"), new byte[9]);
        notes.clear();
        TrainingLoop.Outcome outcome = run("damaged", new Faults(), new LoopSettings(3, 0, 1, 1));
        assertEquals(2, outcome.resumedFrom());
        assertTrue(notes.get(0).contains("step-000000004.safetensors.damaged"), notes::toString);
        assertSameRun("damaged", outcome, undisturbed);
        assertEquals(List.of("step-000000004.safetensors.damaged", "step-000000007.safetensors"), checkpoints("damaged"),
            "the damaged one does not count among those kept, and what a killed run left is gone");
    }

    @Test
    void runWithoutAnyWholeCheckpointIsNotBegunAnew() throws IOException {
        kill("damaged", 3);
        Files.write(checkpoint("damaged", 2), new byte[20]);
        String message = fails("damaged", new Faults(), EVERY_TWO).getMessage();
        assertTrue(message.contains("none of the 1 checkpoints") && message.contains("step-000000002"), message);
        assertTrue(Files.exists(checkpoint("damaged", 2)));
    }

    @Test
    void lastFewCheckpointsStay() throws IOException {
        run("kept", new Faults(), new LoopSettings(1, 0, 3, 1));
        assertEquals(List.of("step-000000005.safetensors", "step-000000006.safetensors", "step-000000007.safetensors"),
            checkpoints("kept"));
        run("timed", new Faults(), new LoopSettings(0, 1e-9, 3, 1));
        assertEquals(3, checkpoints("timed").size(), "every step takes longer than a fraction of a microsecond");
        run("rare", new Faults(), new LoopSettings(0, 100, 3, 3));
        assertEquals(List.of("step-000000007.safetensors"), checkpoints("rare"));
        assertEquals(List.of(0L, 3L, 6L), loggedSteps("rare"));
    }

    @Test
    void checkpointOfAnotherTrainingIsRefused() {
        kill("other", 3);
        Faults other = new Faults();
        other.queue = 13;
        String message = fails("other", other, EVERY_TWO).getMessage();
        assertTrue(message.contains("'queue' is F64 [12, 4]") && message.contains("F64 [13, 4]"), message);
        device.close();
        device = Device.open("cpu", 1);
        message = fails("other", new Faults(), EVERY_TWO).getMessage();
        assertTrue(message.contains("F64") && message.contains("F32") && message.contains("device"), message);
    }

    @Test
    void nodeThatIsNotFiniteIsFound() throws IOException {
        Faults faults = new Faults();
        faults.overflowAt = 5;
        String message = fails("nan", faults, EVERY_TWO).getMessage();
        assertEquals(2, faults.opened, "opened once more with checks");
        for (String part : List.of("loss is Infinity after step 5 of 7", "step 5 ends with: output 0 of MeanSquaredError",
            "step-000000004.safetensors",
            "lower learning rate", "film list")) {
            assertTrue(message.contains(part), message);
        }
        assertEquals(List.of("step-000000002.safetensors", "step-000000004.safetensors"), checkpoints("nan"));
        StepLog.Series loss = StepLog.read(folder.resolve("nan/log.jsonl")).get("loss");
        assertTrue(Double.isNaN(loss.values()[5]), "what is not finite is null in the log");
        // a step that would have been saved
        faults.overflowAt = 1;
        message = fails("early", faults, EVERY_TWO).getMessage();
        assertTrue(message.contains("step 1 ends with") && message.contains("no checkpoint"), message);
        assertEquals(List.of(), checkpoints("early"));
    }

    @Test
    void replayGivesWayToAnInterrupt() {
        Faults faults = new Faults();
        faults.overflowAt = 5;
        faults.during = step -> {
            if (step == 4 && faults.opened == 2) {
                Thread.currentThread().interrupt();
            }
        };
        String message = fails("nan", faults, EVERY_TWO).getMessage();
        assertTrue(Thread.interrupted(), "the flag is set");
        assertTrue(message.contains("loss is Infinity after step 5") && message.contains("interrupted before the node was found"), message);
    }

    @Test
    void replayThatDiffersIsNamedAsThat() {
        Faults faults = new Faults();
        faults.overflowAt = 3;
        faults.overflowAgain = false;
        String message = fails("once", faults, EVERY_TWO).getMessage();
        assertTrue(message.matches(".*every node's output is finite and the loss is [0-9.]+: the numbers did not come out the same.*"),
            message);
        faults.overflowAgain = true;
        faults.nodeThrows = false;
        message = fails("outside", faults, EVERY_TWO).getMessage();
        assertTrue(message.contains("loss is Infinity again"), message);
    }

    /** The loss and the gradient of the step are finite, what it makes of the weights is not: the checkpoint would be worth nothing. */
    @Test
    void weightsThatAreNotFiniteAreNotSaved() throws IOException {
        Faults faults = new Faults();
        faults.infiniteRateAt = 3;
        String message = fails("weights", faults, EVERY_TWO).getMessage();
        assertTrue(message.matches("variable 'head\\.(weight|bias)' is (NaN|-?Infinity) after step 3 of 7.*"), message);
        assertEquals(List.of("step-000000002.safetensors"), checkpoints("weights"));
    }

    @Test
    void interruptedRunIsSavedAndGoesOn() throws IOException {
        TrainingLoop.Outcome undisturbed = run("undisturbed");
        Faults faults = new Faults();
        faults.during = step -> {
            if (step == 4) {
                Thread.currentThread().interrupt();
            }
        };
        String message = fails("stopped", faults, EVERY_TWO).getMessage();
        assertTrue(Thread.interrupted(), "the flag is set");
        assertTrue(message.contains("interrupted after 5 of 7 steps") && message.contains("step-000000005"), message);
        TrainingLoop.Outcome outcome = run("stopped");
        assertEquals(5, outcome.resumedFrom());
        assertSameRun("stopped", outcome, undisturbed);
    }

    @Test
    void interruptWhileACheckpointIsWrittenDoesNotLoseIt() throws IOException {
        TrainingLoop.Outcome undisturbed = run("undisturbed");
        Faults faults = new Faults();
        boolean[] armed = {true};
        faults.saving = () -> {
            if (armed[0]) {
                armed[0] = false;
                Thread.currentThread().interrupt();
            }
        };
        String message = fails("saving", faults, EVERY_TWO).getMessage();
        assertTrue(Thread.interrupted(), "the flag is set");
        assertTrue(message.contains("interrupted after 2 of 7 steps"), message);
        assertEquals(List.of("step-000000002.safetensors"), checkpoints("saving"));
        assertSameRun("saving", run("saving"), undisturbed);
    }

    @Test
    void halfAStepIsNotSaved() throws IOException {
        TrainingLoop.Outcome undisturbed = run("undisturbed");
        Faults faults = new Faults();
        faults.during = step -> {
            if (step == 5) {
                Thread.currentThread().interrupt();
                throw new KinemaException("the film 'a.mp4' was interrupted");
            }
        };
        String message = fails("half", faults, EVERY_TWO).getMessage();
        assertTrue(Thread.interrupted(), "the flag is set");
        assertTrue(message.startsWith("step 5 of 7: the film 'a.mp4'") && message.contains("step-000000004"), message);
        assertEquals(List.of("step-000000002.safetensors", "step-000000004.safetensors"), checkpoints("half"));
        assertSameRun("half", run("half"), undisturbed);
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThrows(KinemaException.class, () -> new LoopSettings(-1, 0, 1, 1));
        assertThrows(KinemaException.class, () -> new LoopSettings(0, Double.NaN, 1, 1));
        assertThrows(KinemaException.class, () -> new LoopSettings(0, 0, 0, 1));
        assertThrows(KinemaException.class, () -> new LoopSettings(0, 0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Metrics(Map.of("accuracy", 1.0)));
        assertThrows(IllegalArgumentException.class, () -> new Metrics(Map.of("loss", 1.0, "step", 1.0)));
        assertFalse(new Metrics(Map.of("loss", 1.0, "gradient_norm", Double.POSITIVE_INFINITY)).nonFinite(3).isEmpty());
        assertTrue(new Metrics(Map.of("loss", 1.0, "accuracy", Double.NaN)).nonFinite(3).isEmpty());
    }
}
