package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a flight recording shows of runs, those that an error ends included. */
class ProgramRunEventTest {
    /** The loss of two rows with labels below 3. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value logits = graph.input("logits", DType.F32, Shape.of(2, 3));
        Value labels = graph.input("labels", DType.I32, Shape.of(2));
        graph.output("loss", SoftmaxCrossEntropy.of(logits, labels));
        return graph;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "reference"})
    void aRunThatThrowsIsShownToo(String name, @TempDir Path folder) throws IOException {
        Path file = folder.resolve("runs.jfr");
        long moved;
        try (Device device = Device.open(name, 1); Weights weights = device.newWeights();
                Program program = device.compile(graph(), weights); Recording recording = new Recording()) {
            recording.enable(ProgramRunEvent.NAME);
            recording.start();
            program.input("labels").put(0L, 2L);
            program.run();
            program.input("labels").put(0L, 3L);
            assertThrows(KinemaException.class, program::run);
            recording.stop();
            recording.dump(file);
            moved = program.steps().stream().mapToLong(ProgramStep::bytes).sum();
        }
        List<RecordedEvent> runs = RecordingFile.readAllEvents(file);
        assertEquals(List.of(true, false), runs.stream().map(run -> run.getBoolean("complete")).toList());
        assertFalse(runs.get(1).getDuration().isZero());
        assertEquals(moved, runs.get(0).getLong("movedBytes"));
        // logits and labels are read, the loss is written
        assertTrue(moved >= 4 * (6 + 2 + 1), runs::toString);
    }
}
