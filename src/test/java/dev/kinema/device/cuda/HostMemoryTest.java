package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the host lends a device is given back, also where it cannot be lent. */
class HostMemoryTest {
    @BeforeEach
    void needsTheEmulator() {
        Emulated.device().close();
    }

    /** 2 GiB are one byte more than a buffer has; as bf16 the same elements would do. */
    @Test
    void moreThanAnArrayHoldsIsRefusedBeforeItIsTaken() {
        long live = Kinema.kn_live_objects();
        Type type = new Type(DType.F32, Shape.of(1 << 15, 1 << 14));
        KinemaException failure = assertThrows(KinemaException.class, () -> new HostMemory(type, "frames").close());
        assertEquals("'frames' is " + type + ", 2,147,483,648 bytes, and an array of the host holds at most 2,147,483,647: use a smaller"
            + " batch, or several arrays", failure.getMessage());
        assertEquals(live, Kinema.kn_live_objects());
    }

    @Test
    void itIsZeroedAndGivenBackOnce() {
        long live = Kinema.kn_live_objects();
        HostMemory memory = new HostMemory(new Type(DType.F32, Shape.of(3)), "x");
        assertEquals(live + 1, Kinema.kn_live_objects());
        assertArrayEquals(new double[3], memory.array().toDoubles());
        memory.close();
        memory.close();
        assertEquals(live, Kinema.kn_live_objects());
    }
}
