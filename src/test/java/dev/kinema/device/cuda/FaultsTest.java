package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Program;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What only the device can see to be wrong ends the run with a sentence. */
class FaultsTest extends OnEmulatedDevice {
    /** Logits picked from a table by token, and their loss. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value tokens = graph.input("tokens", DType.I32, Shape.of(2));
        Value labels = graph.input("labels", DType.I32, Shape.of(2));
        Value table = graph.parameter("table", Shape.of(4, 3), new Initializer.Normal(1));
        try (Graph.Scope scope = graph.scope("head")) {
            graph.output("loss", SoftmaxCrossEntropy.of(Gather.of(table, tokens, 0), labels));
        }
        return graph;
    }

    private static double run(Program program, int token, int label) {
        program.input("tokens").put(1, token);
        program.input("labels").put(label, 2);
        program.run();
        return program.output("loss").get(0);
    }

    private static void assertSaid(String text, Program program, int token, int label) {
        String message = assertThrows(KinemaException.class, () -> run(program, token, label)).getMessage();
        assertTrue(message.contains(text) && message.contains("head"), message);
    }

    @Test
    void theWordsAreCountedAndGivenBackWhereThereIsNoRoomForThem() {
        long live = Kinema.kn_live_objects();
        long total = Kinema.kn_device_property(0, Kinema.KN_MEMORY_TOTAL);
        long used = total - Kinema.kn_device_property(0, Kinema.KN_MEMORY_FREE);
        long stream = CudaLibrary.made(Kinema.kn_stream_create());
        List<Faults.Word> words = List.of(new Faults.Word(null, new Storage("fault", Long.BYTES, Storage.Home.HELD), n -> "wrong"));
        assertEquals(Long.BYTES, new Placement(List.of(), List.of(), List.of(), Faults.bytes(words)).plan().persistentBytes());
        try {
            assertEquals(Kinema.KN_OK, Kinema.kn_emulate(Kinema.KN_EMULATED_MEMORY, used + Long.BYTES - 1));
            String message = assertThrows(KinemaException.class, () -> new Faults(0, words, stream)).getMessage();
            assertTrue(message.contains("needs 8 bytes"), message);
        } finally {
            Kinema.kn_emulate(Kinema.KN_EMULATED_MEMORY, total);
            Kinema.kn_stream_destroy(stream);
        }
        assertEquals(live, Kinema.kn_live_objects());
    }

    @Test
    void aWrongLabelOrIndexIsNamedInEachRunAndTheNextRunIsSound() {
        weights.initialize(graph(), 1);
        long before = Kinema.kn_live_objects();
        try (Program program = device.compile(graph(), weights)) {
            assertSaid("label 3 is not one of 3 classes", program, 0, 3);
            double sound = run(program, 3, 0);
            assertTrue(Double.isFinite(sound), "the loss is " + sound);
            assertTrue(((CudaProgram) program).replays(), "the rest is replayed");
            assertSaid("label -1 is not one of 3 classes", program, 0, -1);
            assertSaid("index 4 is outside an axis of 4", program, 4, 0);
            assertSaid("index -7 is outside an axis of 4", program, -7, 0);
            assertEquals(sound, run(program, 3, 0));
            assertEquals(sound, run(program, 3, 0));
        }
        assertEquals(before, Kinema.kn_live_objects());
    }

    @Test
    void aFaultIsNamedRatherThanTheNumberThatIsNotFiniteAfterIt() {
        weights.initialize(graph(), 1);
        try (Program program = device.compile(graph(), weights, Compilation.FP32.withFiniteChecks())) {
            assertSaid("index 4 is outside an axis of 4", program, 4, 0);
            assertTrue(Double.isFinite(run(program, 3, 0)));
        }
    }
}
